package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.RuleFiles;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The programs of the ovs row. Database, sockets and logs are the run's own: they do not touch an Open vSwitch of this machine.
 */
final class OpenVSwitch {
    static final Path SCHEMA = Path.of("/usr/share/openvswitch/vswitch.ovsschema");

    private static final Path FOLDER = Folders.work("ovs");

    private OpenVSwitch() {}

    private static List<String> ovs(String... words) {
        List<String> all = new ArrayList<>(List.of("env"));
        for (String each : List.of("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")) {
            all.add("OVS_" + each + "=" + FOLDER);
        }
        all.addAll(Arrays.asList(words));
        return all;
    }

    private static String at(String file) {
        return FOLDER.resolve(file).toString();
    }

    /** Starts the database and configures the switch in it; returns the command line of the switch. */
    static List<String> prepare() {
        if (Files.exists(FOLDER)) {
            Processes.run(10, "rm", "-rf", FOLDER.toString()).ok();
        }
        Texts.folder(FOLDER);
        Processes.run(20, ovs("ovsdb-tool", "create", at("conf.db"), SCHEMA.toString()))
                .ok();
        List<String> database = ovs(
                "setsid",
                "ip",
                "netns",
                "exec",
                Row.OVS.namespace(),
                "ovsdb-server",
                at("conf.db"),
                "--remote=punix:" + at("db.sock"),
                "--unixctl=" + at("db.ctl"));
        Processes.start(FOLDER.resolve("db.log"), database);
        if (!Processes.eventually(10, 0.1, () -> Files.exists(FOLDER.resolve("db.sock")))) {
            throw new Failure("ovsdb-server is not ready after 10 s: " + Texts.tail(FOLDER.resolve("db.log"), 3));
        }
        // Super-frames pass whole, and checksums unfinished, as they do in the other rows.
        String bridge = "ovs-vsctl --db=unix:" + at("db.sock") + " --no-wait init"
                + " -- set Open_vSwitch . other_config:userspace-tso-enable=true"
                + " -- add-br bench -- set bridge bench datapath_type=netdev fail_mode=secure"
                + " -- add-port bench out0 -- add-port bench in0";
        Processes.run(20, ovs(bridge.split(" ", -1))).ok();
        Texts.write(FOLDER.resolve("flows"), RuleFiles.openVSwitch());
        return ovs("ovs-vswitchd", "unix:" + at("db.sock"), "--unixctl=" + at("vswitchd.ctl"));
    }

    /** The switch is ready when it accepts its rules. */
    static boolean isReady() {
        return Processes.run(10, ovs("ovs-ofctl", "add-flows", "unix:" + at("bench.mgmt"), at("flows")))
                .isOk();
    }

    static void makeFast(long pid) {
        Processes.run(10, Folders.work("buffers").toString(), Long.toString(pid), "8388608")
                .ok();
    }

    /** This depends on how it was built. */
    static boolean carriesSuperFrames(String log) {
        return log.lines().anyMatch(line -> line.matches(".*userspace_tso.*enabled.*"));
    }
}
