package io.portcullis.engine;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;

/** Verifies layer 4 checksums, and finishes those that a sender left to a NIC that never saw the packet. */
final class Checksums {
    private final Counters counters;
    private boolean verifies;

    /** Checksums under {@code checksums: verify} or {@code trust}. */
    Checksums(Counters counters, boolean verifies) {
        this.counters = counters;
        this.verifies = verifies;
    }

    /** Another policy verifies, or trusts, from the next frame on. */
    void verify(boolean nextVerifies) {
        verifies = nextVerifies;
    }

    /** False: the frame's vnet header asks a later NIC to write a checksum outside of the layer 4 header. */
    static boolean mayBeFilledIn(Cursor frame) {
        Batch batch = frame.batch;
        int i = frame.index;
        return batch.checksum(i) != Batch.Checksum.PARTIAL
                || frame.packet.mayFillIn(batch.checksumStart(i), batch.checksumField(i));
    }

    /** False: the packet's layer 4 checksum is wrong. An unfinished one is finished. */
    boolean isRight(Cursor frame) {
        Batch batch = frame.batch;
        Packet packet = frame.packet;
        if (isTrusted(batch.checksum(frame.index), packet.protocol())) {
            return true;
        }
        boolean mayBeUnfinished = batch.unmarkedOffload();
        if (!verifies) {
            if (mayBeUnfinished && packet.hasUnfinishedChecksum()) {
                finish(packet);
            }
            return true;
        }
        return switch (packet.verifyChecksum()) {
            case RIGHT -> {
                batch.verified(frame.index);
                yield true;
            }
            case WRONG -> false;
            case UNFINISHED -> {
                if (mayBeUnfinished) {
                    finish(packet);
                }
                yield mayBeUnfinished;
            }
        };
    }

    private static boolean isTrusted(Batch.Checksum known, int protocol) {
        // VERIFIED comes from a NIC, and NICs know TCP and UDP only.
        return known == Batch.Checksum.PARTIAL
                || known == Batch.Checksum.VERIFIED && (protocol == IpProtocol.TCP || protocol == IpProtocol.UDP);
    }

    private void finish(Packet packet) {
        packet.finishChecksum();
        counters.add(Counters.Total.CHECKSUMS_FINISHED, 1);
    }
}
