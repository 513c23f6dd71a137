package io.portcullis.system.failure;

import io.portcullis.system.Command;
import io.portcullis.system.Lab;
import java.nio.file.Path;

/** Another, empty network namespace, into which a lab's firewall loses a NIC; removed by {@link #close}. */
final class Elsewhere implements AutoCloseable {
    private final Lab lab;
    private final Process process;

    private Elsewhere(Lab lab, Process process) {
        this.lab = lab;
        this.process = process;
    }

    static Elsewhere open(Lab lab) {
        Path log = lab.file("elsewhere", "");
        Process process = lab.start("fw", log, "unshare", "--net", "sh", "-c", "echo ready; exec sleep 120");
        Lab.awaitText("the other namespace", log, text -> text.contains("ready"));
        return new Elsewhere(lab, process);
    }

    void take(String nic) {
        lab.firewall("ip", "link", "set", nic, "netns", pid()).ok();
    }

    /** The NIC is then down and has no addresses. Its index is unused here, so it keeps the old one. */
    void giveBack(String nic) {
        Command.run("nsenter", "--net", "--target", pid(), "ip", "link", "set", nic, "netns", lab.namespace("fw"))
                .ok();
    }

    private String pid() {
        return Long.toString(process.pid());
    }

    /** The index of a NIC of the firewall. */
    static int index(Lab lab, String nic) {
        String shown = lab.firewall("ip", "-o", "link", "show", nic).ok().output();
        return Integer.parseInt(shown.substring(0, shown.indexOf(':')));
    }

    @Override
    public void close() {
        process.destroy();
    }
}
