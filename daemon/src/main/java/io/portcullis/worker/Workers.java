package io.portcullis.worker;

import io.netty.util.concurrent.Future;
import io.portcullis.engine.Adopted;
import io.portcullis.engine.Counters;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Explained;
import io.portcullis.engine.Histogram;
import io.portcullis.engine.review.FlowReview;
import io.portcullis.hits.RuleHits;
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
 * The workers of one interface. Each has its own flows, selected by their pair of addresses, and shares only the policy with the
 * others. The kernel sends the frames of a flow to its worker; a frame that reached another worker is handed over.
 */
public final class Workers implements AutoCloseable {
    private final String name;
    private final List<Worker> workers;

    private Workers(String name, List<Worker> workers) {
        this.name = name;
        this.workers = List.copyOf(workers);
    }

    /**
     * Creates workers without starting them, one for each pair of ports; they close the ports.
     *
     * @param name of the interface
     * @param engines one for each worker, in order
     * @param outside opened ports towards the world, in the workers' order
     * @param inside opened ports towards the guarded side, as many
     * @param threadOptions of each worker's thread, by its number
     * @param drops gets samples of dropped frames about once a second, on a loop; must not wait
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
     * Adopts connections of the host; before {@link #start}.
     *
     * @return connections adopted: fewer where the tables are full
     */
    public int adopt(List<Adopted> connections) {
        return workers.stream().mapToInt(worker -> worker.adopt(connections)).sum();
    }

    /**
     * Starts to forward the traffic that the policy admits.
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

    /** Number of workers. */
    public int count() {
        return workers.size();
    }

    /**
     * Publishes a policy, and waits until every loop has installed it.
     *
     * @param timeoutMs longest wait for all of them together
     * @return numbers of the workers that have not installed it in time and decide by the old rules: {@link #problems} reports
     *     each until it has
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
        for (Future<?> answer : asked) {
            answer.awaitUninterruptibly(Math.max(0, untilNs - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
    }

    /**
     * True: every loop answers, so frames are being read. Called by one thread.
     *
     * @param withinMs longest wait for all of them together
     */
    public boolean areAlive(long withinMs) {
        List<? extends Future<?>> beats = workers.stream().map(Worker::beat).toList();
        awaitAll(beats, withinMs);
        return beats.stream().allMatch(Future::isSuccess);
    }

    /** Number of defects in all workers. */
    public long bugs() {
        return workers.stream().mapToLong(Worker::bugs).sum();
    }

    /** What is wrong with the workers, one sentence each; empty: nothing. Any thread. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < workers.size(); i++) {
            String worker = name + ": worker " + i + " ";
            workers.get(i).problems().forEach(problem -> problems.add(worker + problem));
        }
        return problems;
    }

    /**
     * Explains what would happen to a frame that arrived now, and waits for the answer; {@link io.portcullis.engine.Engine#explain}.
     *
     * @param timeoutMs longest wait for each worker
     * @throws IllegalStateException if one does not answer
     */
    public Explained explain(byte[] frame, Direction direction, long timeoutMs) {
        List<Future<Explained>> asked = new ArrayList<>();
        workers.forEach(worker -> asked.add(worker.explain(frame, direction)));
        // At most one of them has the flow; where none has it, all answer the same.
        Explained answer = null;
        for (Future<Explained> one : asked) {
            if (!one.awaitUninterruptibly(timeoutMs, TimeUnit.MILLISECONDS) || !one.isSuccess()) {
                throw new IllegalStateException("a worker does not answer", one.cause());
            }
            if (answer == null || one.getNow().flow() != null) {
                answer = one.getNow();
            }
        }
        return Objects.requireNonNull(answer);
    }

    /**
     * Reviews the tracked flows under a policy that is not in force, and waits for the result. Frames pass meanwhile, and wait for a
     * slice of the review at the most, about 50 us.
     *
     * @param most largest number of examples
     * @param timeoutMs longest wait for all workers together; a million flows of one worker take 0.2 s, and 1 to 6 s while it has frames
     * @throws IllegalStateException if one does not answer in time; its review ends
     */
    public FlowReview review(Policy next, int most, long timeoutMs) {
        List<Future<FlowReview>> asked =
                workers.stream().map(worker -> worker.review(next, most)).toList();
        awaitAll(asked, timeoutMs);
        for (Future<FlowReview> one : asked) {
            if (!one.isSuccess()) {
                asked.forEach(each -> each.cancel(false));
                throw new IllegalStateException("a worker does not answer", one.cause());
            }
        }
        return FlowReview.sum(asked.stream().map(Future::getNow).toList(), most);
    }

    /**
     * Ends flows of one worker, and waits for the result. Frames pass meanwhile, as in {@link #review}.
     *
     * @param worker its number
     * @param entries of the flows
     * @param numbers of the flows ({@link io.portcullis.engine.Engine#flush})
     * @param timeoutMs longest wait
     * @return how many have ended
     * @throws IllegalStateException if it does not answer in time; it ends no more flows then
     */
    public int flush(int worker, int[] entries, int[] numbers, long timeoutMs) {
        Future<Integer> asked = workers.get(worker).flush(entries, numbers);
        if (!asked.awaitUninterruptibly(timeoutMs, TimeUnit.MILLISECONDS) || !asked.isSuccess()) {
            asked.cancel(false);
            throw new IllegalStateException("worker " + worker + " does not answer", asked.cause());
        }
        return asked.getNow();
    }

    /** Counts the frames of one conversation from now on, anew, instead of another one's. Any thread. */
    public void watch(PeerWatch peer) {
        workers.forEach(worker -> worker.watch(peer));
    }

    /** Ends {@link #watch}: no frame is looked at for it any longer. Any thread. */
    public void unwatch() {
        workers.forEach(worker -> worker.watch(null));
    }

    /** The frames of the watched conversation since {@link #watch}, of all workers; {@link PeerTraffic#NONE} without one. Any thread. */
    public PeerTraffic watched() {
        return workers.stream().map(Worker::watched).reduce(PeerTraffic.NONE, PeerTraffic::plus);
    }

    /** As {@link Worker#logDrops}. */
    public void logDrops(boolean on, boolean all) {
        workers.forEach(worker -> worker.logDrops(on, all));
    }

    /** The sum of the engines' counters, now. */
    public Counters counters() {
        return Counters.sum(workers.stream().map(Worker::counters).toList());
    }

    /** Hit counters of the rules that the first worker has in force: each is the sum over all workers, whichever rules they have. */
    public RuleHits ruleHits() {
        return workers.getFirst().ruleHits();
    }

    /** The sum of a counter over all ports on one side, now. */
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

    /** For each loop, the times between two reads of its ports while there were frames, nanoseconds. */
    public List<Histogram> stalls() {
        return workers.stream().map(Worker::stalls).toList();
    }

    /** For each worker, the frames of each batch. */
    public List<Histogram> batchFrames() {
        return workers.stream().map(Worker::batchFrames).toList();
    }

    /** For each worker, the times of the decision about one frame, nanoseconds: means of batches that are measured now and then. */
    public List<Histogram> decisions() {
        return workers.stream().map(Worker::decisions).toList();
    }

    /** Decides about the received frames, then closes all ports and ends the threads. */
    @Override
    public void close() {
        workers.forEach(Worker::close);
    }
}
