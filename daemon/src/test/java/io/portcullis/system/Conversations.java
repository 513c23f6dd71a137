package io.portcullis.system;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A program for two ends of a lab: {@code serve} is an echo server; {@code hold SERVER ORDERS IDLE
 * TALKERS PAUSE_MS} holds connections to it and tells what becomes of them, on its output, for {@link Held}. Every byte that
 * comes back is compared.
 *
 * <ul>
 *   <li>idle ones, silent until the file ORDERS grows by a byte; then each says a line;
 *   <li>talkers: a byte, and the next one PAUSE_MS after its echo;
 *   <li>one stream, as much as comes back within a few milliseconds.
 * </ul>
 */
public final class Conversations {
    public static final int PORT = 7000;

    private static final int BLOCK = 16 * 1024;
    private static final int PATTERN = 65_521;
    private static final int ANSWER_TIMEOUT_MS = 30_000;

    private final InetSocketAddress server;
    private final AtomicLong streamed = new AtomicLong();
    private final AtomicLong said = new AtomicLong();

    private Conversations(String server) throws IOException {
        this.server = new InetSocketAddress(InetAddress.getByName(server), PORT);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments[0].equals("serve")) {
            serve();
        } else {
            new Conversations(arguments[1])
                    .hold(
                            Path.of(arguments[2]),
                            Integer.parseInt(arguments[3]),
                            Integer.parseInt(arguments[4]),
                            Integer.parseInt(arguments[5]));
        }
    }

    private static void serve() throws IOException {
        try (ServerSocket listening = new ServerSocket(PORT, 2_000)) {
            // The line for which the test waits.
            System.out.println("ready");
            while (true) {
                Socket accepted = listening.accept();
                begin("echo", () -> {
                    try (accepted) {
                        accepted.setTcpNoDelay(true);
                        accepted.getInputStream().transferTo(accepted.getOutputStream());
                    }
                });
            }
        }
    }

    /** A task that runs until its connection breaks. */
    private interface Conversation {
        void run() throws IOException, InterruptedException;
    }

    private static void begin(String name, Conversation conversation) {
        Thread.ofVirtual().start(() -> {
            try {
                conversation.run();
            } catch (IOException | InterruptedException e) {
                System.out.println("broken: " + name + ": " + e);
            }
        });
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.connect(server, ANSWER_TIMEOUT_MS);
        return socket;
    }

    private void hold(Path orders, int idle, int talkers, int pauseMs) throws IOException, InterruptedException {
        List<Socket> silent = new ArrayList<>();
        for (int i = 0; i < idle; i++) {
            silent.add(connect());
        }
        for (int i = 0; i < talkers; i++) {
            String name = "talker " + i;
            Socket socket = connect();
            begin(name, () -> talk(socket, pauseMs));
        }
        stream(connect());
        for (long asked = 0; ; ) {
            if (Files.size(orders) > asked) {
                asked++;
                ask(silent, asked);
            }
            System.out.println("state " + streamed + " " + said);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private void talk(Socket socket, int pauseMs) throws IOException, InterruptedException {
        for (int i = 0; ; i++) {
            socket.getOutputStream().write(i);
            int answer = socket.getInputStream().read();
            if (answer != (i & 0xff)) {
                throw new IOException("said " + (i & 0xff) + ", answered " + answer);
            }
            said.incrementAndGet();
            TimeUnit.MILLISECONDS.sleep(pauseMs);
        }
    }

    private void stream(Socket socket) {
        byte[] twice = new byte[PATTERN + BLOCK];
        new Random(1).nextBytes(twice);
        System.arraycopy(twice, 0, twice, PATTERN, BLOCK);
        begin("stream, sending", () -> {
            for (long at = 0; ; at += BLOCK) {
                socket.getOutputStream().write(twice, (int) (at % PATTERN), BLOCK);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        });
        begin("stream, receiving", () -> {
            DataInputStream back = new DataInputStream(socket.getInputStream());
            byte[] block = new byte[BLOCK];
            for (long at = 0; ; at += BLOCK) {
                back.readFully(block);
                int from = (int) (at % PATTERN);
                if (!Arrays.equals(block, 0, BLOCK, twice, from, from + BLOCK)) {
                    throw new IOException("another byte came back than went, after " + at);
                }
                streamed.addAndGet(BLOCK);
            }
        });
    }

    private static void ask(List<Socket> silent, long round) {
        AtomicInteger answered = new AtomicInteger();
        for (int i = 0; i < silent.size(); i++) {
            Socket socket = silent.get(i);
            byte[] line = ("I am " + i + ", asked " + round + "\n").getBytes(StandardCharsets.UTF_8);
            begin("idle " + i, () -> {
                socket.setSoTimeout(ANSWER_TIMEOUT_MS);
                socket.getOutputStream().write(line);
                byte[] answer = socket.getInputStream().readNBytes(line.length);
                if (!Arrays.equals(line, answer)) {
                    throw new IOException("answered " + new String(answer, StandardCharsets.UTF_8));
                }
                if (answered.incrementAndGet() == silent.size()) {
                    System.out.println("all answered " + round);
                }
            });
        }
    }
}
