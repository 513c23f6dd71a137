package io.portcullis.bench;

import io.portcullis.conntrack.Flow;
import java.util.HashMap;
import java.util.Map;

/**
 * A simple tracker of TCP connections: a HashMap of keys, one object per flow, and an update of its windows per packet. The
 * benchmarks compare the flow table with it.
 */
public final class HashMapTracker {
    /** The key of a flow. */
    public record Key(long outsideHigh, long outsideLow, long insideHigh, long insideLow, int protocol, int ports) {}

    private static final class Flow {
        private int end;
        private int windowEnd;
        private int widest = 1;
        private int peerEnd;
        private int peerWindowEnd;
        private long lastNs;
    }

    private final Map<Key, Flow> flows = new HashMap<>();

    /** A tracker without flows. */
    public HashMapTracker() {}

    /** Adds a flow. */
    public void insert(Key key) {
        flows.put(key, new Flow());
    }

    /** Number of flows. */
    public int size() {
        return flows.size();
    }

    /**
     * An empty ACK of the originator, which moves the windows.
     *
     * @param window in bytes
     * @return false if there is no such flow, or if the segment is outside its window
     */
    public boolean hit(Key key, int sequence, int acknowledgment, int window, long nowNs) {
        Flow flow = flows.get(key);
        if (flow == null) {
            return false;
        }
        if (flow.lastNs == 0) {
            flow.end = sequence;
            flow.windowEnd = sequence;
            flow.peerEnd = acknowledgment;
            flow.peerWindowEnd = acknowledgment;
        }
        if (sequence - flow.windowEnd > 0 || acknowledgment - flow.peerEnd > 0) {
            return false;
        }
        flow.widest = Math.max(flow.widest, window);
        if (sequence - flow.end > 0) {
            flow.end = sequence;
        }
        if (acknowledgment + window - flow.peerWindowEnd > 0) {
            flow.peerWindowEnd = acknowledgment + window;
        }
        flow.lastNs = nowNs;
        return true;
    }
}
