package io.portcullis.guard;

import io.portcullis.fastpath.FastProgram;
import io.portcullis.fastpath.FastTable;
import io.portcullis.intercept.fast.FastPort;
import io.portcullis.intercept.fast.FastPrograms;
import io.portcullis.linux.bpf.BpfException;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.net.Direction;

/** The programs of {@link FastProgram} over one memory, for the interception of its interface. */
final class KernelPrograms implements FastPrograms {
    private final SharedMemory memory;
    private final FastTable table;
    private final FastProgram.Features features;

    /**
     * Programs for this kernel.
     *
     * @param port any one, for an attempt
     * @throws BpfException if the kernel refuses them
     */
    KernelPrograms(SharedMemory memory, FastTable table, FastPort port) throws BpfException {
        this.memory = memory;
        this.table = table;
        this.features = program(port, FastProgram.Life.LIVE).featuresOfKernel();
        program(port, FastProgram.Life.DEAD).tryWith(features);
    }

    @Override
    public BpfProgram live(FastPort port) {
        return program(port, FastProgram.Life.LIVE).build(features);
    }

    @Override
    public BpfProgram dead(FastPort port) {
        return program(port, FastProgram.Life.DEAD).build(features);
    }

    /** Always one that verifies checksums: where the policy does not, packets with a wrong one take the way through the daemon. */
    private FastProgram program(FastPort port, FastProgram.Life life) {
        FastProgram.Mark mark =
                new FastProgram.Mark(port.mark().value(), port.mark().mask());
        boolean clears = !port.followed() && port.direction() == Direction.INGRESS;
        FastProgram.Route route = port.host()
                ? new FastProgram.Route.Host(mark, port.followed(), clears)
                : new FastProgram.Route.Bridge(port.peer(), mark);
        return new FastProgram(memory.array(), memory.lines(), port.direction(), route, port.tap(), true, life);
    }

    @Override
    public void aliveUntil(long monotonicNs) {
        table.deadline(monotonicNs);
    }

    @Override
    public boolean hasEarlierMemory() {
        return memory.isOfEarlierRun();
    }
}
