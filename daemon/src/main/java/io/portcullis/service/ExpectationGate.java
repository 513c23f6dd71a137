package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.Location;
import io.portcullis.guard.StartException;
import io.portcullis.metrics.Meters;
import io.portcullis.policy.analysis.Expectations;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of claims that do not hold ({@code expect}): a change that breaks one is refused; where addresses of NICs have
 * done it the change holds, and log, metric and status say so.
 */
final class ExpectationGate {
    private static final Logger LOG = LoggerFactory.getLogger(ExpectationGate.class);

    private final Meters meters;
    private volatile List<String> broken = List.of();

    ExpectationGate(Meters meters) {
        this.meters = meters;
    }

    /** Those of the configuration in force that do not hold, one line each. */
    List<String> broken() {
        return broken;
    }

    /**
     * The claims that do not hold whatever addresses there are, one line each: such a file is faulty. A claim that only the addresses
     * of today break is no reason to start with another file: they were others yesterday.
     *
     * @param written as in the file
     * @param addressed with the addresses that the NICs have now
     */
    static List<String> faultsAtStart(Config written, Config addressed) {
        List<ConfigError> now = Expectations.broken(addressed);
        Set<Location> always = now.isEmpty()
                ? Set.of()
                : Expectations.broken(written).stream().map(ConfigError::place).collect(Collectors.toSet());
        return now.stream()
                .filter(fault -> always.contains(fault.place()))
                .map(ConfigError::toString)
                .toList();
    }

    /**
     * Asked before a reload.
     *
     * @throws StartException if claims do not hold
     */
    static void admitReload(Config addressed) throws StartException {
        refuse(Expectations.broken(addressed));
    }

    private static void refuse(List<ConfigError> faults) throws StartException {
        if (!faults.isEmpty()) {
            throw new StartException(faults.stream().map(ConfigError::toString).toList());
        }
    }

    /** This configuration is in force, and can't be refused any more. */
    void lookAt(Config addressed) {
        note(Expectations.broken(addressed));
    }

    private void note(List<ConfigError> faults) {
        List<String> lines = faults.stream().map(ConfigError::toString).toList();
        lines.stream().filter(line -> !broken.contains(line)).forEach(line -> LOG.error("{}", line));
        if (lines.isEmpty() && !broken.isEmpty()) {
            LOG.info("all that expect claims holds again");
        }
        broken = lines;
        meters.brokenExpectations(lines.size());
    }

    /** A configuration is in force of which all claims hold. */
    void allHold() {
        note(List.of());
    }
}
