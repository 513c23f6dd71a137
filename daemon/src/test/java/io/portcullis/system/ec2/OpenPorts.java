package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.system.Lab;
import java.util.List;

/** New connections to and from the web server of a host of the lab. */
record OpenPorts(Lab lab) {
    private static final List<Integer> PORTS = List.of(80, 443);

    /** Starts the web server. */
    void serve() {
        lab.nginx("fw", 80, 443);
    }

    /** Asserts which of the ports 80 and 443 answer 203.0.113.10, the client of the article, and which another client. */
    void assertOpen(List<Integer> toTheClient, List<Integer> toAnother) {
        StringBuilder script = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        for (String from : List.of(Lab.CLIENT, Lab.CLIENT_SECOND)) {
            for (int port : PORTS) {
                boolean open = (from.equals(Lab.CLIENT) ? toTheClient : toAnother).contains(port);
                script.append("curl -s -o /dev/null -m %d --interface %s -w '%s:%d %%{http_code}\\n' http://%s:%d/ & "
                        .formatted(open ? 10 : 1, from, from, port, Lab.SERVER, port));
                expected.append("%s:%d %s\n".formatted(from, port, open ? "200" : "000"));
            }
        }
        String answers = lab.sh("client", "{ " + script + "wait; } | sort -V").output();
        assertEquals(expected.toString(), answers);
    }

    /** Whether the host reaches a web server of the client's end, ADDRESS:PORT. */
    boolean leaves(String to) {
        return lab.firewall("curl", "-s", "-m", "1", "-o", "/dev/null", "http://" + to + "/")
                        .exit()
                == 0;
    }
}
