package io.portcullis.cli;

import io.portcullis.guard.StartException;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.operations.ReloadRequest;
import io.portcullis.service.Daemon;
import io.portcullis.service.Logs;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code portcullis rehearse FOLDER}: starts and stops a daemon in an empty network namespace, on a NIC that it makes, so that the
 * JVM can note for {@code scripts/install} what a start loads (JEP 483, 514, 515).
 */
@Command(
        name = "rehearse",
        hidden = true,
        description = "For scripts/install: start and stop in an empty network namespace.")
final class RehearseCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "FOLDER", description = "An empty folder.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path folder;

    private static final String RULES = """
            version: 1
            interfaces:
              rehearsal: {mode: host, nic: try0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: [80, 443], from: any}, {protocol: icmp, type: echo-request, from: any}]}
            metrics: {listen: "127.0.0.1:0"}
            control: {socket: %s}
            log: {level: error}
            """;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        try {
            List<Nic> others =
                    Nics.all().stream().filter(nic -> !nic.loopback()).toList();
            if (!others.isEmpty()) {
                err.println("portcullis: rehearse wants an empty network namespace (unshare --net), and here is "
                        + others.getFirst().name());
                return Exit.NO;
            }
            Nics.setUp(Nics.named("lo"), true);
            Veth.create("try0", "try1", "portcullis rehearsal");
        } catch (ErrnoException refused) {
            err.println("portcullis: " + refused.getMessage());
            return Exit.NO;
        }
        Path file = folder.resolve("portcullis.yaml");
        Files.writeString(file, RULES.formatted(folder.resolve("control.sock")));
        Logs.start(false);
        try (Daemon daemon = Daemon.start(file, null, true)) {
            daemon.reload(new ReloadRequest(false));
            daemon.status();
            return Exit.OK;
        } catch (StartException e) {
            e.faults().forEach(fault -> err.println("portcullis: " + fault));
            return Exit.NO;
        }
    }
}
