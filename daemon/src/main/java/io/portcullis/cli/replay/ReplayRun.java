package io.portcullis.cli.replay;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.engine.Reason;
import io.portcullis.linux.FileFault;
import io.portcullis.net.Cidr;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One capture under one interface of a configuration, from the survey to the outcome.
 *
 * @param config valid; its host NICs have the addresses that they have here
 * @param interfaceName one of its interfaces
 * @param given who is inside; empty: to be found out
 * @param expected null: nothing is expected
 * @param dropped file for the frames that are dropped; null: none
 */
record ReplayRun(
        Path capture,
        Config config,
        String interfaceName,
        LocalEnds given,
        @Nullable ExpectedVerdicts expected,
        @Nullable Path dropped) {
    /** A flow takes a packet, and the smallest packet in a capture takes so many bytes of the file. */
    private static final long FEWEST_BYTES_A_FLOW = 40;

    private static final long FEWEST_FLOWS = 1_024;

    /** The most of {@code max-flows: auto}. */
    private static final long MOST_FLOWS = 1_000_000;

    /** Prints a replay: frames as they are judged, if the user wants a list, and the outcome. */
    interface Report extends FrameSink {
        /** Prints the outcome after the last frame. */
        void end(Outcome outcome) throws IOException;
    }

    /** Makes a report for the policy. */
    interface Reporting {
        Report report(Causes causes) throws IOException;
    }

    /**
     * Replays the capture.
     *
     * @throws CaptureException if nothing was replayed: the capture can't be opened, or nothing says who is inside
     * @throws IOException if the file for dropped frames can't be created
     */
    Outcome run(Reporting reporting) throws CaptureException, IOException {
        Interface named = Objects.requireNonNull(config.interfaces().get(interfaceName));
        Survey.Local local = Survey.of(capture, named, given);
        Config asCaptured = withAddresses(named, local);
        Interface iface = Objects.requireNonNull(asCaptured.interfaces().get(interfaceName));
        Sides sides = Survey.sides(capture, local);
        Policy policy = Policy.compile(asCaptured, interfaceName, 1, autoMaxFlows());
        Causes causes = new Causes(asCaptured, iface, policy);
        Counts counts = new Counts(policy.ruleCount());
        try (CaptureFile file = CaptureFile.open(capture);
                DroppedFrames writer = dropped == null ? null : new DroppedFrames(dropped, interfaceName, causes)) {
            Report report = reporting.report(causes);
            FrameSink sink = judged -> {
                counts.take(judged);
                report.take(judged);
                if (expected != null) {
                    expected.take(judged);
                }
                if (writer != null) {
                    writer.take(judged);
                }
            };
            Replay replay = new Replay(policy, sides, iface.mode() instanceof Mode.Host, sink);
            String error = replayed(file, replay, writer);
            if (expected != null) {
                expected.end(counts.total());
            }
            Outcome outcome = new Outcome(
                    capture, interfaceName, local, policy, counts, notes(replay, counts), expected, dropped, error);
            report.end(outcome);
            return outcome;
        }
    }

    /** The error that ended it; empty: none. */
    private static String replayed(CaptureFile file, Replay replay, @Nullable DroppedFrames writer) {
        String error = "";
        try {
            try {
                for (CapturedFrame next = file.next(); next != null; next = file.next()) {
                    replay.judge(next, file.linkType().ethernet(next));
                }
            } catch (CaptureException corrupt) {
                error = String.valueOf(corrupt.getMessage());
            }
            replay.end();
            if (writer != null) {
                writer.close();
            }
            return error;
        } catch (IOException refused) {
            return FileFault.text(refused);
        }
    }

    /** In host mode who is inside has the addresses of the NIC, also where the capture comes from another host. */
    private Config withAddresses(Interface iface, Survey.Local local) {
        boolean isKnown = local.local().blocks().isEmpty()
                || iface.ownAddresses().equals(local.local().blocks());
        if (isKnown || !(iface.mode() instanceof Mode.Host)) {
            return config;
        }
        Map<String, List<Cidr>> addresses = new HashMap<>();
        config.interfaces().forEach((name, each) -> addresses.put(name, each.nicAddresses()));
        addresses.put(interfaceName, local.local().blocks());
        return config.withNicAddresses(addresses);
    }

    /** No limit that the daemon would not have, and no memory for flows that the file is too short for. */
    private long autoMaxFlows() throws CaptureException {
        try {
            return Math.clamp(Files.size(capture) / FEWEST_BYTES_A_FLOW, FEWEST_FLOWS, MOST_FLOWS);
        } catch (IOException e) {
            throw new CaptureException(FileFault.text(e), e);
        }
    }

    private List<String> notes(Replay replay, Counts counts) {
        List<String> notes = new ArrayList<>(replay.notes());
        long skipped = counts.frames(Verdict.SKIP);
        if (skipped > 0) {
            notes.add("frames that were not judged: " + skipped + "; they neither entered nor left " + interfaceName
                    + " (traffic of others, loopback), or nothing says which: --local names who is inside");
        }
        long strangers = counts.frames(Reason.TCP_NO_SYN);
        if (strangers > 0) {
            notes.add("segments of connections that began before the capture (tcp-no-syn): " + strangers
                    + "; a daemon that has seen their start lets them go on");
        }
        long outside = counts.frames(Reason.TCP_WINDOW);
        if (outside > 0) {
            notes.add("segments outside their windows (tcp-window): " + outside
                    + "; so is what follows a frame that the capture lost (tcpdump: packets dropped by kernel)");
        }
        return notes;
    }
}
