package io.portcullis.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import java.time.Duration;

/** Micrometer's metrics of the JVM and the process, under names that {@code promtool check metrics} accepts. */
final class JvmMeters implements AutoCloseable {
    /** Counts nanoseconds; Prometheus wants seconds. */
    private static final String CPU_TIME = "process.cpu.time";

    /** A gauge; the suffix {@code _count} is for histograms and summaries. */
    private static final String CPU_COUNT = "system.cpu.count";

    private static final double NS_PER_SECOND = 1e9;

    private final JvmGcMetrics gc = new JvmGcMetrics();

    /** Adds them to a registry that has no meter yet. */
    JvmMeters(MeterRegistry registry) {
        registry.config()
                .meterFilter(MeterFilter.deny(id -> id.getName().equals(CPU_TIME)))
                .meterFilter(new MeterFilter() {
                    @Override
                    public Meter.Id map(Meter.Id id) {
                        return id.getName().equals(CPU_COUNT) ? id.withName("system.cpus") : id;
                    }
                });
        FunctionCounter.builder("process.cpu", ProcessHandle.current(), JvmMeters::cpuSeconds)
                .baseUnit("seconds")
                .description("Processor time of the process, in user space and in the kernel.")
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
    }

    private static double cpuSeconds(ProcessHandle process) {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / NS_PER_SECOND;
    }

    /** Ends listening to the garbage collector. */
    @Override
    public void close() {
        gc.close();
    }
}
