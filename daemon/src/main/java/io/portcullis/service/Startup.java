package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Datapath;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.config.read.PartialConfig;
import io.portcullis.config.read.PartialConfigReader;
import io.portcullis.guard.NicAddresses;
import io.portcullis.guard.StartException;
import io.portcullis.history.ChangeLog;
import io.portcullis.history.LastGood;
import io.portcullis.linux.Capabilities;
import io.portcullis.service.process.Defects;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration that a start runs from: the one of the files; where they are faulty, or break a claim of theirs, the last good
 * one; where there is none, nothing.
 *
 * @param files the outcome of reading the files
 * @param config null: none
 * @param recovered what the last run has left
 */
record Startup(Reader.Candidate files, @Nullable Config config, ChangeLog.Recovered recovered) {
    private static final Logger LOG = LoggerFactory.getLogger(Startup.class);

    /** Reads the files, and an earlier configuration where they are faulty, or are those of a change that went back. */
    static Startup read(Path file, LastGood lastGood, ChangeLog log) {
        return read(file, lastGood, log, Reader.FILES);
    }

    /** As the other one, with files read by {@code reader}. */
    static Startup read(Path file, LastGood lastGood, ChangeLog log, Reader reader) {
        ChangeLog.Recovered recovered = log.recover(Instant.now());
        Reader.Candidate read = reader.read(file);
        Config written = read.config();
        if (written != null) {
            List<String> broken = ExpectationGate.faultsAtStart(written, NicAddresses.added(written));
            if (!broken.isEmpty()) {
                read = Reader.Candidate.faulty(read.files(), broken);
            }
        }
        if (recovered instanceof ChangeLog.Recovered.Waits waits) {
            recovered = log.follow(waits, read.config() == null ? List.of() : read.texts());
        }
        if (recovered instanceof ChangeLog.Recovered.From from) {
            Reader.Candidate refused = Reader.Candidate.faulty(read.files(), List.of(file + ": " + from.why()));
            Optional<Config> config = config(from.texts(), "@" + from.change().change());
            return new Startup(refused, config.or(() -> kept(lastGood)).orElse(null), recovered);
        }
        return new Startup(
                read, read.config() != null ? read.config() : kept(lastGood).orElse(null), recovered);
    }

    private static Optional<Config> kept(LastGood lastGood) {
        switch (lastGood.find()) {
            case LastGood.Found.Kept(List<SourceText> texts) -> {
                return config(texts, "the last good configuration");
            }
            case LastGood.Found.Nothing(String reason) -> LOG.error("there is no last good configuration: {}", reason);
        }
        return Optional.empty();
    }

    private static Optional<Config> config(List<SourceText> texts, String what) {
        try {
            return Optional.of(ConfigReader.of(texts));
        } catch (ConfigException e) {
            LOG.error("{} is not valid any more: {}", what, e.errors());
        } catch (RuntimeException | Error defect) {
            Defects.note("reading " + what, defect);
        }
        return Optional.empty();
    }

    /** The legible parts of a faulty file; none where a defect of portcullis prevents the search for them. */
    static PartialConfig legible(Path file) {
        try {
            return PartialConfigReader.read(file);
        } catch (RuntimeException | Error defect) {
            Defects.note("reading what is legible of " + file, defect);
            return new PartialConfig(List.of(), Optional.empty(), Optional.empty());
        }
    }

    /**
     * Checks the capabilities of the calling thread.
     *
     * @throws StartException if CAP_NET_RAW or CAP_NET_ADMIN is missing
     */
    static void checkPrivilege() throws StartException {
        List<String> missing = new ArrayList<>();
        try {
            Capabilities own = Capabilities.ofThisThread();
            if (!own.has(Capabilities.CAP_NET_RAW)) {
                missing.add("CAP_NET_RAW");
            }
            if (!own.has(Capabilities.CAP_NET_ADMIN)) {
                missing.add("CAP_NET_ADMIN");
            }
        } catch (IOException unknown) {
            LOG.warn("the capabilities of this process are not known: {}", unknown.getMessage());
        }
        if (!missing.isEmpty()) {
            String names = String.join(" ", missing);
            throw new StartException(List.of("no privilege: " + names
                    + " missing: run as root, or give the service AmbientCapabilities=" + names));
        }
    }

    /** True: the last good configuration is in force in place of the files. */
    boolean degraded() {
        return config != null && !files.faults().isEmpty();
    }

    /** True: an interface is read by a ring. */
    static boolean hasRing(Config config) {
        return config.interfaces().values().stream().anyMatch(iface -> iface.datapath() != Datapath.PCAP);
    }
}
