package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Datapath;
import io.portcullis.config.Interface;
import io.portcullis.config.Log;
import io.portcullis.config.Metrics;
import io.portcullis.config.Mode;
import io.portcullis.guard.Cores;
import io.portcullis.guard.GuardedInterface;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/** The settings that a running daemon can't change: a reload that changes one is refused, and reports that it needs a restart. */
final class Restarts {
    /** A setting of the whole file: its key and its value. */
    private record FileSetting(String key, Function<Config, Object> value) {}

    private static final List<FileSetting> FILE_SETTINGS = List.of(
            new FileSetting("conntrack.directory", config -> config.conntrack().directory()),
            new FileSetting("mark", Config::mark),
            new FileSetting("recorder", config -> recorder(config.log().recorder())),
            new FileSetting("control.socket", config -> config.control().socket()),
            new FileSetting("metrics.listen", config -> listen(config.metrics())));

    /**
     * A setting of one interface.
     *
     * @param conflict true: the interface can't follow
     * @param fault the sentence about it, without its place
     */
    private record InterfaceSetting(Predicate<Step> conflict, Function<Step, String> fault) {
        InterfaceSetting(String key, Predicate<Step> conflict, Function<Step, Object> inForce) {
            this(conflict, step -> key + " needs a restart (now " + inForce.apply(step) + ")");
        }
    }

    private static final List<InterfaceSetting> INTERFACE_SETTINGS = List.of(
            new InterfaceSetting(
                    "another mode", Step::isOtherMode, step -> step.now().mode().key()),
            new InterfaceSetting(
                    "another NIC",
                    step -> !step.isOtherMode()
                            && !step.nics().equals(step.next.mode().nics()),
                    step -> String.join(" and ", step.nics())),
            new InterfaceSetting(
                    "another datapath",
                    Step::isOtherDatapath,
                    step -> step.datapath().key()),
            new InterfaceSetting(
                    "another offload",
                    step -> step.next.offload() != step.now().offload(),
                    step -> step.now().offload().key()),
            new InterfaceSetting(
                    "another number of workers",
                    step -> !step.isOtherDatapath()
                            && step.datapath() == Datapath.RING
                            && step.next.offload() == step.now().offload()
                            && step.next.workers(step.cores.count()) != step.workers(),
                    Step::workers),
            new InterfaceSetting(
                    step -> step.maxFlows > step.guarded.capacity(),
                    step -> String.format(
                            "conntrack.max-flows %,d needs a restart, which loses no connection:"
                                    + " the flow tables hold %,d",
                            step.maxFlows, step.guarded.capacity())),
            new InterfaceSetting(
                    "another on-failure",
                    step -> step.next.onFailure() != step.now().onFailure(),
                    step -> step.now().onFailure().key()),
            new InterfaceSetting(
                    "another attach",
                    step -> step.now().mode() instanceof Mode.Host now
                            && step.next.mode() instanceof Mode.Host next
                            && now.attach() != next.attach(),
                    step -> step.now().mode() instanceof Mode.Host now
                            ? now.attach().key()
                            : ""),
            new InterfaceSetting(
                    "busy-poll",
                    step -> step.next.busyPoll() != step.now().busyPoll(),
                    step -> step.now().busyPoll()));

    /** An interface that is guarded, and its next description. */
    private record Step(GuardedInterface guarded, Interface next, long maxFlows, Cores cores) {
        Interface now() {
            return guarded.settings();
        }

        List<String> nics() {
            return now().mode().nics();
        }

        Datapath datapath() {
            return guarded.datapath();
        }

        int workers() {
            return guarded.workers().count();
        }

        boolean isOtherMode() {
            return !now().mode().key().equals(next.mode().key());
        }

        boolean isOtherDatapath() {
            boolean autoFits = datapath() == Datapath.RING || now().datapath() == Datapath.AUTO;
            return next.datapath() != datapath() && !(next.datapath() == Datapath.AUTO && autoFits);
        }
    }

    private Restarts() {}

    /** Why a generation can't follow the one in force, one line each; none: it can. */
    static List<String> faults(Path file, Running before, Generation next, Cores cores) {
        List<String> faults = new ArrayList<>();
        next.config().interfaces().forEach((name, iface) -> {
            GuardedInterface guarded = before.guarded().get(name);
            if (guarded != null) {
                Step step = new Step(guarded, iface, next.policy(name).maxFlows(), cores);
                INTERFACE_SETTINGS.stream()
                        .filter(setting -> setting.conflict().test(step))
                        .map(setting -> iface.location() + ": " + name + ": "
                                + setting.fault().apply(step))
                        .forEach(faults::add);
            }
        });
        Config now = before.config();
        if (now != null) {
            for (FileSetting setting : FILE_SETTINGS) {
                Object inForce = setting.value().apply(now);
                if (!inForce.equals(setting.value().apply(next.config()))) {
                    faults.add(file + ": " + setting.key() + ": a change needs a restart (now " + inForce + ")");
                }
            }
        }
        return faults;
    }

    private static String recorder(Log.Recorder recorder) {
        return "memory " + (recorder.memory() >> 10) + "KiB, snap " + recorder.snap();
    }

    private static String listen(Metrics metrics) {
        return metrics.host() + ":" + metrics.port();
    }
}
