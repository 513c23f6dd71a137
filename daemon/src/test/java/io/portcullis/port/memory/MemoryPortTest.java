package io.portcullis.port.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.packet.Batch;
import io.portcullis.port.PortContract;
import io.portcullis.port.PortCounter;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class MemoryPortTest extends PortContract {
    private int wires;

    @Override
    protected Wire newWire(int mtuLength) {
        return new MemoryWire(new MemoryPort("memory" + wires++, mtuLength));
    }

    private record MemoryWire(MemoryPort port) implements Wire {
        @Override
        public void toPort(byte[] frame) {
            await("space", () -> port.inject(frame));
        }

        @Override
        public Queue<byte[]> fromPort() {
            return port.sent();
        }

        @Override
        public void down() {
            port.fail(PortCounter.SEND_ERROR_ENETDOWN, port.nic() + " is down");
        }

        @Override
        public void up() {
            port.recover();
        }

        @Override
        public void vanish() {
            port.fail(PortCounter.SEND_ERROR_ENXIO, port.nic() + " is gone");
        }

        @Override
        public void comeBack() {
            port.recover();
        }

        @Override
        public void remove() {}
    }

    @Test
    void worksWithoutAnEventLoop() {
        try (MemoryPort in = new MemoryPort("in", 1500);
                MemoryPort out = new MemoryPort("out", 1500)) {
            assertNull(in.receive());
            for (int i = 0; i < 100; i++) {
                assertTrue(in.inject(frame(i, 60)));
            }
            int received = 0;
            for (Batch batch = in.receive(); batch != null; batch = in.receive()) {
                for (int i = 0; i < batch.size(); i++) {
                    batch.accept(i, Batch.NO_RULE);
                }
                received += batch.size();
                out.send(batch);
                in.release(batch);
            }
            assertEquals(100, received);
            assertEquals(100, out.sent().size());
        }
    }

    @Test
    void aFullReceiveBufferAcceptsNoMore() {
        try (MemoryPort port = new MemoryPort("full", 1500)) {
            int taken = 0;
            while (port.inject(frame(taken, 60))) {
                taken++;
            }
            assertEquals(16 * Batch.CAPACITY, taken);
            Batch first = port.receive();
            assertNotNull(first);
            assertFalse(port.inject(frame(0, 60)));
            port.release(first);
            assertTrue(port.inject(frame(0, 60)));
        }
    }

    @Test
    void aBatchEndsWhereItsMemoryEnds() {
        try (MemoryPort port = new MemoryPort("long", 1500)) {
            for (int i = 0; i < 5; i++) {
                assertTrue(port.inject(frame(i, 65_550)));
            }
            Batch batch = port.receive();
            assertNotNull(batch);
            assertEquals(3, batch.size());
            port.release(batch);
            batch = port.receive();
            assertNotNull(batch);
            assertEquals(2, batch.size());
        }
    }

    @Test
    void memoryOutlivesTheCloseUntilTheBatchIsReleased() {
        MemoryPort port = new MemoryPort("closing", 1500);
        assertTrue(port.inject(frame(1, 60)));
        Batch batch = port.receive();
        assertNotNull(batch);
        port.close();
        port.close();
        assertTrue(batch.memory().scope().isAlive());
        port.release(batch);
        assertFalse(batch.memory().scope().isAlive());
        assertFalse(port.inject(frame(2, 60)));
    }
}
