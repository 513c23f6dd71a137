package io.portcullis.bench.cost;

import io.portcullis.ec2.RawClient;
import io.portcullis.ec2.auth.AwsSigner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A program: clients of the EC2 endpoint, each with one connection, that send signed calls one after the other. Its arguments: how many,
 * for how many seconds, and the calls, which each client repeats in their order; in a call {@code @} is the client's number. Each call is
 * signed once: the program must cost little beside the daemon. It prints its figures as NAME=VALUE, which {@link Ec2Cost} reads.
 */
final class Ec2Calls {
    static final String KEY = "AKIABENCH";
    static final String SECRET = "a-secret-of-forty-letters-and-digits-123";

    private static final URI ENDPOINT = URI.create("http://127.0.0.1:9751/");

    private final AtomicLong done = new AtomicLong();
    private final AtomicInteger failed = new AtomicInteger();

    private Ec2Calls() {}

    public static void main(String[] words) throws InterruptedException {
        int clients = Integer.parseInt(words[0]);
        double seconds = Double.parseDouble(words[1]);
        Ec2Calls calls = new Ec2Calls();
        List<Thread> threads = new ArrayList<>();
        long start = System.nanoTime();
        for (int i = 0; i < clients; i++) {
            String client = Integer.toString(i);
            List<String> requests = new ArrayList<>();
            for (String call : List.of(words).subList(2, words.length)) {
                requests.add(signed(call.replace("@", client)));
            }
            threads.add(Thread.ofPlatform().start(() -> calls.repeat(requests, start + (long) (seconds * 1e9))));
        }
        for (Thread each : threads) {
            each.join();
        }
        double elapsed = (System.nanoTime() - start) * 1e-9;
        System.out.println("calls=" + calls.done.get());
        System.out.println("per_second=" + Math.round(calls.done.get() / elapsed));
        System.exit(calls.failed.get() == 0 ? 0 : 1);
    }

    private static String signed(String call) {
        return RawClient.whole(new AwsSigner(KEY, SECRET, "us-east-1", "ec2", Instant.now())
                .sign(
                        "POST",
                        ENDPOINT,
                        Map.of("Content-Type", List.of("application/x-www-form-urlencoded")),
                        call.getBytes(StandardCharsets.UTF_8)));
    }

    /** To the end of the calls, so that what they change is as before. */
    private void repeat(List<String> requests, long end) {
        try (RawClient client = new RawClient(new InetSocketAddress(ENDPOINT.getHost(), ENDPOINT.getPort()))) {
            while (System.nanoTime() - end < 0) {
                for (String request : requests) {
                    client.send(request);
                    RawClient.Answer answer = client.answer();
                    if (answer.status() != 200) {
                        throw new IOException(answer.body());
                    }
                    done.incrementAndGet();
                }
            }
        } catch (IOException refused) {
            System.out.println("failed: " + refused);
            failed.incrementAndGet();
        }
    }
}
