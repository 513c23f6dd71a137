package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.FileSet;
import io.portcullis.config.Interface;
import io.portcullis.config.SourceText;
import io.portcullis.config.Sources;
import io.portcullis.diagnose.Lockout;
import io.portcullis.diagnose.Sessions;
import io.portcullis.guard.AutoFlows;
import io.portcullis.guard.Cores;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.NicAddresses;
import io.portcullis.guard.StartException;
import io.portcullis.intercept.Interception;
import io.portcullis.net.Cidr;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A change of the configuration, made ready: {@link #read}, then {@link #prepare}, which finds everything that is in the way and changes
 * nothing that is in force. What it opened is closed again where it fails.
 */
final class Reload {
    private static final Logger LOG = LoggerFactory.getLogger(Reload.class);

    private final Path file;
    private final Running before;
    private final Guarding guarding;
    private final Cores cores;
    private final Reader reader;
    private final Sources sources = new Sources();
    private final Map<String, Policy> policies = new LinkedHashMap<>();
    private final Map<String, GuardedInterface> opened = new LinkedHashMap<>();
    private Map<String, List<Cidr>> nicAddresses = Map.of();
    private @Nullable Config next;
    private long readNs;

    /** Of the files, while this runs. */
    Reload(Path file, Running before, Guarding guarding, Cores cores) {
        this(file, before, guarding, cores, Reader.FILES);
    }

    /** As the other one, with files read by {@code reader}. */
    Reload(Path file, Running before, Guarding guarding, Cores cores, Reader reader) {
        this.file = file;
        this.before = before;
        this.guarding = guarding;
        this.cores = cores;
        this.reader = reader;
    }

    /**
     * Reads the files.
     *
     * @return false: they say what is in force
     * @throws StartException with all their faults; also where they bring out a defect of portcullis
     */
    boolean read() throws StartException {
        Config config = reader.read(file, sources);
        next = config;
        readNs = System.nanoTime();
        return !config.equals(before.config()) || before.degraded();
    }

    /**
     * Compiles everything and opens the interfaces that are new.
     *
     * @param allowLockout true: also where an ssh session that is there would be refused anew
     * @throws StartException with what is in the way; then everything is as before
     */
    void prepare(boolean allowLockout) throws StartException {
        Config config = config();
        boolean prepared = false;
        try {
            nicAddresses = NicAddresses.of(config, before.guarded(), before.nicAddresses());
            Config addressed = config.withNicAddresses(nicAddresses);
            ExpectationGate.admitReload(addressed);
            policies.putAll(compileAll(config, nicAddresses, before.generation() + 1, before));
            refuseWhatNeedsARestart(config);
            if (!allowLockout) {
                refuseLockout(addressed);
            }
            if (before.config() != null) {
                open(config);
            }
            prepared = true;
        } finally {
            if (!prepared) {
                opened.values().forEach(GuardedInterface::abandon);
                opened.clear();
            }
        }
    }

    private void refuseWhatNeedsARestart(Config config) throws StartException {
        List<String> changed = new ArrayList<>();
        config.interfaces().forEach((name, after) -> {
            GuardedInterface each = before.guarded().get(name);
            if (each != null) {
                changed.addAll(each.needsRestart(after, policy(name).maxFlows(), cores));
            }
        });
        List<String> reasons = Restarts.reasons(file, before.config(), config, changed);
        if (!reasons.isEmpty()) {
            throw new StartException(reasons);
        }
    }

    private void refuseLockout(Config addressed) throws StartException {
        if (before.config() == null) {
            // Everything is shut: there is nothing left to cut.
            return;
        }
        List<String> faults;
        try {
            faults = Lockout.newFaults(
                    before.addressed(),
                    before.policiesInForce(),
                    addressed,
                    this::policy,
                    Sessions.ofThisHost().renamed(before.renamedNics()));
        } catch (IOException unknown) {
            LOG.warn("whether an ssh connection would be refused anew is not known: {}", unknown.getMessage());
            return;
        }
        if (!faults.isEmpty()) {
            throw new StartException(faults);
        }
    }

    /** Those that are new or have other NICs now, and whose NICs are there. What waited as it does now is in the way of nothing. */
    private void open(Config config) throws StartException {
        List<Interface> fresh = config.interfaces().values().stream()
                .filter(each -> !before.guarded().containsKey(each.name()))
                .filter(each -> !waitsAlready(each))
                .filter(each -> !Guarding.isAbsent(each))
                .toList();
        List<String> faults = new ArrayList<>();
        fresh.forEach(each -> faults.addAll(Interception.faults(each)));
        if (!faults.isEmpty()) {
            throw new StartException(faults);
        }
        for (Interface each : fresh) {
            opened.put(each.name(), guarding.open(each, policy(each.name()), config));
        }
    }

    private boolean waitsAlready(Interface each) {
        Waiting waiting = before.waiting().get(each.name());
        return waiting != null && waiting.nics().equals(each.mode().nics());
    }

    /** All policies of a configuration. */
    static Map<String, Policy> compileAll(
            Config written, Map<String, List<Cidr>> nicAddresses, long generation, Running running) {
        Config config = written.withNicAddresses(nicAddresses);
        Map<String, Policy> policies = new LinkedHashMap<>();
        for (String name : config.interfaces().keySet()) {
            GuardedInterface each = running.guarded().get(name);
            long limit =
                    each == null ? AutoFlows.of(config, name, running.guarded().keySet()) : each.room();
            policies.put(name, Policy.compile(config, name, generation, limit));
        }
        return policies;
    }

    /** What was read. */
    Config config() {
        Config config = next;
        if (config == null) {
            throw new IllegalStateException("nothing was read");
        }
        return config;
    }

    /** An interface of a configuration. */
    static Interface attachment(Config of, String name) {
        Interface attachment = of.interfaces().get(name);
        if (attachment == null) {
            throw new IllegalStateException("no interface " + name);
        }
        return attachment;
    }

    Policy policy(String name) {
        Policy policy = policies.get(name);
        if (policy == null) {
            throw new IllegalStateException("no policy for " + name);
        }
        return policy;
    }

    Map<String, Policy> policies() {
        return policies;
    }

    Map<String, List<Cidr>> nicAddresses() {
        return nicAddresses;
    }

    /** Interfaces that are new, with programs that keep everything back until they begin. */
    Map<String, GuardedInterface> opened() {
        return opened;
    }

    List<SourceText> texts() {
        return sources.texts();
    }

    /** What was read, and where an edit may change the outcome. */
    FileSet files() {
        return sources.files();
    }

    /** When the files had been read. */
    long readNs() {
        return readNs;
    }
}
