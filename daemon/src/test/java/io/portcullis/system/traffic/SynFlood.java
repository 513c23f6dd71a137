package io.portcullis.system.traffic;

import io.portcullis.linux.ErrnoException;
import io.portcullis.testing.Frame;
import io.portcullis.testing.FrameSocket;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

/** A program that sends COUNT SYNs, each from another source in 10.0.0.0/8: {@code NIC COUNT ADDRESS PORT MAC}, of the target. */
final class SynFlood {
    private static final int SYN = 2;
    private static final int BURST = 500;

    private SynFlood() {}

    public static void main(String[] arguments) throws ErrnoException, InterruptedException {
        int count = Integer.parseInt(arguments[1]);
        int port = Integer.parseInt(arguments[3]);
        byte[] mac = HexFormat.ofDelimiter(":").parseHex(arguments[4]);
        try (FrameSocket socket = new FrameSocket(arguments[0])) {
            for (int i = 0; i < count; i++) {
                String source = "10." + (i >> 16) + "." + (i >> 8 & 0xff) + "." + (i & 0xff);
                byte[] frame = Frame.tcp(source, 1_024 + i % 60_000, arguments[2], port, SYN)
                        .bytes();
                System.arraycopy(mac, 0, frame, 0, mac.length);
                socket.send(frame);
                if (i % BURST == 0) {
                    // A receive ring holds some thousand frames; frames that overflow it never reach the table.
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            }
        }
    }
}
