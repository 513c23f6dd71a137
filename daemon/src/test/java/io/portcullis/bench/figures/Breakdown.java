package io.portcullis.bench.figures;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a core's time goes, from the stacks that perf has sampled ({@code perf script}). A sample counts once, for the first of the
 * parts that its stack has. Of portcullis' own threads only the workers are "Java".
 */
public final class Breakdown {
    private static final Map<String, Pattern> PARTS = new LinkedHashMap<>();

    static {
        part("kernel: interrupt to the far core", "net_rps_send_ipi");
        part("kernel: receive", "tpacket_rcv|__netif_receive_skb|process_backlog|net_rx_action");
        part("kernel: send", "packet_sendmsg|__sys_sendmmsg");
        part("kernel: copy of long frames", "packet_recvmsg|__sys_recvfrom");
        part("kernel: epoll", "ep_poll|epoll_wait|epoll_pwait");
        part("kernel: other calls", "do_syscall_64");
        part("kernel: interrupts", "asm_sysvec|irq_exit|handle_softirqs");
        part("Java", "^portcullis-");
    }

    private final Map<String, Integer> counts = new LinkedHashMap<>();
    private final StringBuilder stack = new StringBuilder();
    private int total;

    private Breakdown() {}

    private static void part(String name, String pattern) {
        PARTS.put(name, Pattern.compile(pattern));
    }

    /** Reads the output of {@code perf script} from standard input. */
    public static void main(String... none) throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            of(lines.lines()).forEach(System.out::println);
        }
    }

    /** Lines of a share and its name. */
    static Stream<String> of(Stream<String> lines) {
        Breakdown breakdown = new Breakdown();
        lines.filter(line -> !line.isEmpty()).forEachOrdered(breakdown::add);
        breakdown.count();
        return breakdown.counts.entrySet().stream()
                .map(part -> Numbers.format("%5.1f %%  %s", 100.0 * part.getValue() / breakdown.total, part.getKey()));
    }

    /** A line that is not indented begins a sample. */
    private void add(String line) {
        if (!Character.isWhitespace(line.charAt(0))) {
            count();
        } else if (stack.isEmpty()) {
            return;
        }
        stack.append(line).append(' ');
    }

    private void count() {
        if (stack.isEmpty()) {
            return;
        }
        String name = PARTS.entrySet().stream()
                .filter(part -> part.getValue().matcher(stack).find())
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("other threads");
        counts.merge(name, 1, Integer::sum);
        total++;
        stack.setLength(0);
    }
}
