package io.portcullis.diagnose;

import io.portcullis.config.Config;
import io.portcullis.gate.BootFile;
import io.portcullis.intercept.Gate;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Checks the gate of the boot: whether the next boot has one, and whether one is loaded now. */
final class BootCheck {
    private static final String ABOUT = "boot";
    private static final Path TC = Path.of("/usr/sbin/tc");
    private static final Path UNIT = Path.of("/etc/systemd/system/sysinit.target.wants/portcullis-boot.service");

    private BootCheck() {}

    /**
     * What a boot does before the daemon runs.
     *
     * @param running true: a daemon runs here, and needs no gate
     */
    static void examine(Findings findings, Config config, boolean running) throws IOException {
        Optional<Path> path = StateFolder.bootFile();
        if (path.isEmpty()) {
            return;
        }
        loaded(findings, config, running);
        Path file = path.get();
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            findings.warn(
                    ABOUT,
                    file + " is missing, or can't be seen without root: until the daemon runs, a boot lets everything"
                            + " pass. The daemon writes it when it has accepted a configuration");
        } else if (!Files.isExecutable(TC)) {
            findings.warn(
                    ABOUT,
                    TC + " is missing, so portcullis-boot.service can't load " + file
                            + ": install iproute2 (Fedora, RHEL: iproute-tc)");
        } else if (!Files.exists(UNIT, LinkOption.NOFOLLOW_LINKS)) {
            findings.warn(
                    ABOUT,
                    "portcullis-boot.service is not enabled: until the daemon runs, a boot lets everything pass"
                            + " (sudo systemctl enable portcullis)");
        } else {
            Set<String> nics = new BootFile(file).nics();
            findings.ok(
                    ABOUT,
                    "until the daemon runs, a boot shuts " + (nics.isEmpty() ? "no NIC" : String.join(", ", nics))
                            + " but for what failsafe rules and link classes admit");
        }
    }

    private static void loaded(Findings findings, Config config, boolean running) throws IOException {
        Set<String> gated = new TreeSet<>();
        for (Nic nic : Nics.all()) {
            if (Gate.isOn(nic.index())) {
                gated.add(nic.name());
            }
        }
        if (gated.isEmpty()) {
            return;
        }
        String nics = String.join(", ", gated);
        Set<String> wanted = new TreeSet<>();
        config.interfaces().values().forEach(iface -> wanted.addAll(iface.mode().nics()));
        Set<String> strange = new TreeSet<>(gated);
        strange.removeAll(wanted);
        if (!strange.isEmpty()) {
            findings.warn(
                    ABOUT,
                    String.join(", ", strange) + ": a gate is loaded, and no interface has the NIC: a start of the"
                            + " daemon, or portcullis detach, removes it");
        } else if (running) {
            findings.ok(ABOUT, "a gate is loaded on " + nics + ": it decides when the daemon is dead");
        } else {
            findings.ok(
                    ABOUT,
                    "a gate is loaded on " + nics + ": only what failsafe rules and link classes admit passes until the"
                            + " daemon runs; portcullis detach removes it");
        }
    }
}
