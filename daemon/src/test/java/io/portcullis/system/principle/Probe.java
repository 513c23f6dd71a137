package io.portcullis.system.principle;

import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.List;

/** Requests a page on a new connection again and again, and notes whether the answer was good. */
final class Probe {
    /** SO_SNDTIMEO bounds connect(2) as well; struct timeval. */
    private static final String SCRIPT = """
            use Socket; use Time::HiRes qw(time sleep); $| = 1; $SIG{PIPE} = 'IGNORE';
            my ($address, $port, $path) = @ARGV; my $patience = pack("qq", 1, 0);
            while (1) {
                my $answer = "";
                socket(my $s, PF_INET, SOCK_STREAM, 6) or die;
                setsockopt($s, SOL_SOCKET, SO_SNDTIMEO, $patience); setsockopt($s, SOL_SOCKET, SO_RCVTIMEO, $patience);
                if (connect($s, sockaddr_in($port, inet_aton($address)))
                        && syswrite($s, "GET $path HTTP/1.1\\r\\nHost: $address\\r\\nConnection: close\\r\\n\\r\\n")) {
                    sysread($s, $answer, 4096);
                }
                close $s;
                printf "%d %s\\n", time() * 1000, ($answer || "") =~ m{^HTTP/1.1 200 } ? "+" : "-";
                sleep 0.2;
            }
            """;

    private final Path noted;
    private final Process process;

    Probe(Lab lab, String end, String address, int port, String path) {
        noted = lab.file("probe-" + end, "");
        process = lab.start(end, noted, "perl", "-e", SCRIPT, address, Integer.toString(port), path);
    }

    /** All answers until now. */
    List<Timeline.Sample> samples() {
        String text = Lab.read(noted);
        return text.substring(0, text.lastIndexOf('\n') + 1)
                .lines()
                .map(line -> line.split(" ", -1))
                .map(words -> new Timeline.Sample(Long.parseLong(words[0]), words[1].equals("+")))
                .toList();
    }

    /** Waits for a good answer to a request from now on; returns the milliseconds that it took. */
    long awaitAnswer(String what) {
        int before = samples().size() + 1;
        return Lab.await(what, () -> samples().stream().skip(before).anyMatch(Timeline.Sample::ok));
    }

    void stop() {
        process.destroy();
    }
}
