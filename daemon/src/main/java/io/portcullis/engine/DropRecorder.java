package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;

/** Gets each frame that is dropped, or would be. Called by the worker's thread for each such frame: allocates nothing, does not wait. */
public interface DropRecorder {
    /** Records nothing. */
    DropRecorder NONE = new DropRecorder() {
        @Override
        public void record(Batch batch, int i, Packet packet, Direction direction, int packets, long nowNs) {
            // Nothing is recorded.
        }

        @Override
        public void time(long nowNs, long epochNs) {
            // Nothing has a time.
        }
    };

    /**
     * Records one frame. Its reason is in the batch; an accepted frame with a reason is one that {@code enforce: audit} lets pass.
     *
     * @param i its place in the batch
     * @param packet the parsed frame
     * @param packets that the frame stands for
     * @param nowNs monotonic time of the batch, nanoseconds
     */
    void record(Batch batch, int i, Packet packet, Direction direction, int packets, long nowNs);

    /**
     * Relates the batches' time to the clock of the host; called before the first frame, and about once a second.
     *
     * @param nowNs monotonic, nanoseconds
     * @param epochNs the same moment, nanoseconds since 1970
     */
    void time(long nowNs, long epochNs);
}
