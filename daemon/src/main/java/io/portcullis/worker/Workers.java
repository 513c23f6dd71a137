package io.portcullis.worker;

import io.netty.util.concurrent.Future;
import io.portcullis.engine.Adopted;
import io.portcullis.engine.Counters;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Durations;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Explained;
import io.portcullis.engine.RuleHits;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.port.Port;
import io.portcullis.port.PortCounter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * The workers of one interface. Each has its own share of the flows, by the pair of their addresses, and nothing in common
 * with the others but the policy; the frames of a flow come to one of them, and what does not is handed over.
 */
public final class Workers implements AutoCloseable {
    private final String name;
    private final List<Worker> workers;

    private Workers(String name, List<Worker> workers) {
        this.name = name;
        this.workers = List.copyOf(workers);
    }

    /**
     * Workers that are not running yet, one for each pair of ports; they close the ports.
     *
     * @param name of the interface
     * @param engines one for each worker, in their order
     * @param outside opened ports towards the world, in the workers' order
     * @param inside opened ports towards what is guarded, as many
     * @param threadOptions of each worker's thread, by its number
     * @param drops takes samples of dropped frames about once a second, on a loop: must not wait
     */
    public static Workers of(
            String name,
            List<Engine> engines,
            List<? extends Port> outside,
            List<? extends Port> inside,
            IntFunction<Worker.ThreadOptions> threadOptions,
            Consumer<DropSamples.Taken> drops) {
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < outside.size(); i++) {
            workers.add(new Worker(name, engines.get(i), outside.get(i), inside.get(i), threadOptions.apply(i), drops));
        }
        return new Workers(name, workers);
    }

    /** Ends workers that were never started. */
    public void discard() {
        workers.forEach(Worker::discard);
    }

    /**
     * Takes connections that were there before; before {@link #start}.
     *
     * @return how many: fewer than there are where the tables have no room
     */
    public int adopt(List<Adopted> connections) {
        return workers.stream().mapToInt(worker -> worker.adopt(connections)).sum();
    }

    /**
     * Lets traffic through, as far as the policy admits it.
     *
     * @param learns true: there are no flows of an earlier run
     */
    public void start(boolean learns) {
        HandOver handOver = workers.size() == 1 ? HandOver.NOBODY : this::handOver;
        workers.forEach(worker -> worker.start(learns, handOver));
    }

    private void handOver(Batch batch, Direction direction) {
        for (long left = batch.elsewhere(); left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            workers.get(batch.home(i)).takeOver(batch, i, direction);
        }
    }

    /** How many there are. */
    public int count() {
        return workers.size();
    }

    /**
     * Publishes a policy, and waits until every loop has taken it.
     *
     * @param timeoutMs how long it waits for all of them together at the most
     * @return the numbers of the workers that have not taken it in time and decide by the rules of before: {@link #problems}
     *     tells of each until it has
     */
    public List<Integer> install(Policy next, long timeoutMs) {
        List<Future<?>> taken = new ArrayList<>();
        workers.forEach(worker -> taken.add(worker.install(next)));
        awaitAll(taken, timeoutMs);
        List<Integer> late = new ArrayList<>();
        for (int i = 0; i < taken.size(); i++) {
            if (!taken.get(i).isSuccess()) {
                workers.get(i).isBehind(taken.get(i).cause());
                late.add(i);
            }
        }
        return late;
    }

    private static void awaitAll(List<? extends Future<?>> asked, long timeoutMs) {
        long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        for (Future<?> each : asked) {
            each.awaitUninterruptibly(Math.max(0, untilNs - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
    }

    /**
     * Whether every loop answers: for whoever has to know that frames are being read. Asked by one thread.
     *
     * @param withinMs how long it waits for all of them together at the most
     */
    public boolean areAlive(long withinMs) {
        List<? extends Future<?>> beats = workers.stream().map(Worker::beat).toList();
        awaitAll(beats, withinMs);
        return beats.stream().allMatch(Future::isSuccess);
    }

    /** How often something happened in a worker that never should. */
    public long bugs() {
        return workers.stream().mapToLong(Worker::bugs).sum();
    }

    /** Why the workers do not do all that they should, one sentence each; empty: they do. Any thread. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < workers.size(); i++) {
            String worker = name + ": worker " + i + " ";
            workers.get(i).problems().forEach(problem -> problems.add(worker + problem));
        }
        return problems;
    }

    /**
     * What would become of a frame that came now, and waits for the answer; {@link io.portcullis.engine.Engine#explain}.
     *
     * @param timeoutMs how long it waits for each worker at the most
     * @throws IllegalStateException if one does not answer
     */
    public Explained explain(byte[] frame, Direction direction, long timeoutMs) {
        List<Future<Explained>> asked = new ArrayList<>();
        workers.forEach(worker -> asked.add(worker.explain(frame, direction)));
        // Only one of them knows the flow; where none does, all say the same.
        Explained answer = null;
        for (Future<Explained> each : asked) {
            if (!each.awaitUninterruptibly(timeoutMs, TimeUnit.MILLISECONDS) || !each.isSuccess()) {
                throw new IllegalStateException("a worker does not answer", each.cause());
            }
            if (answer == null || each.getNow().flow() != null) {
                answer = each.getNow();
            }
        }
        return Objects.requireNonNull(answer);
    }

    /** As {@link Worker#logDrops}. */
    public void logDrops(boolean on, boolean all) {
        workers.forEach(worker -> worker.logDrops(on, all));
    }

    /** What the engines have counted together, now. */
    public Counters counters() {
        return Counters.sum(workers.stream().map(Worker::counters).toList());
    }

    /** Credits of the rules in force, of all workers together, now. */
    public RuleHits ruleHits() {
        return RuleHits.sum(workers.stream().map(Worker::ruleHits).toList());
    }

    /** What all ports on one side have counted, now. */
    public long portCount(boolean outside, PortCounter counter) {
        return workers.stream()
                .map(worker -> outside ? worker.outside() : worker.inside())
                .mapToLong(port -> port.counters().get(counter))
                .sum();
    }

    /** A port on each side, the first worker's: those of a side share their NIC and their state. */
    public List<Port> ports() {
        return List.of(workers.getFirst().outside(), workers.getFirst().inside());
    }

    /** How long each loop did not look at its ports while there were frames. */
    public List<Durations> stalls() {
        return workers.stream().map(Worker::stalls).toList();
    }

    /** Decides about what has arrived, then ends the traffic, closes all ports and ends the threads. */
    @Override
    public void close() {
        workers.forEach(Worker::close);
    }
}
