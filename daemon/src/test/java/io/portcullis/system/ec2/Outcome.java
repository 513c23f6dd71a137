package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.system.Command;
import io.portcullis.system.Lab;
import java.util.List;

/** The effect of a client's calls on the host: who reaches its web server, and the file of what clients have made. */
final class Outcome {
    private final Lab lab;
    private final Ec2Host host;

    /** Starts the web server. */
    Outcome(Lab lab, Ec2Host host) {
        this.lab = lab;
        this.host = host;
        lab.nginx("fw", 80);
    }

    /** The file of the groups, lists and ACLs that clients have made. */
    String made() {
        return Lab.read(host.daemon().config().resolveSibling("rules.d/ec2.yaml"));
    }

    /** Only these of the client's two addresses reach port 80. */
    void assertReachedFrom(String... addresses) {
        for (String from : List.of(Lab.CLIENT, Lab.CLIENT_SECOND)) {
            Command get = lab.client("curl", "-s", "-m", "2", "--interface", from, "http://" + Lab.SERVER + "/");
            boolean isAdmitted = List.of(addresses).contains(from);
            assertEquals(
                    isAdmitted,
                    get.exit() == 0,
                    () -> get + "\n" + host.daemon().log());
        }
    }
}
