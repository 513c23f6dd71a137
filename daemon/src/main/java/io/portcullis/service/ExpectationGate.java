package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.Location;
import io.portcullis.metrics.Meters;
import io.portcullis.policy.analysis.Expectations;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses changes that break a claim of {@code expect}. Where new addresses of NICs break one, the change holds, and log, metric and
 * status report it.
 */
final class ExpectationGate {
    private static final Logger LOG = LoggerFactory.getLogger(ExpectationGate.class);

    private ExpectationGate() {}

    /**
     * The claims that do not hold whatever the addresses are, one line each: such a file is faulty. A claim that only the present
     * addresses break is no reason to start from another file: the addresses were others yesterday.
     *
     * @param written as in the file
     * @param addressed with the present addresses of the NICs
     */
    static List<String> faultsAtStart(Config written, Config addressed) {
        List<ConfigError> broken = Expectations.broken(addressed);
        Set<Location> always = broken.isEmpty()
                ? Set.of()
                : Expectations.broken(written).stream()
                        .map(ConfigError::location)
                        .collect(Collectors.toSet());
        return lines(broken.stream()
                .filter(fault -> always.contains(fault.location()))
                .toList());
    }

    /** The claims of a generation that do not hold, one line each. */
    static List<String> broken(Generation generation) {
        return lines(faults(generation));
    }

    /** The same with the place of each claim. */
    static List<ConfigError> faults(Generation generation) {
        return Expectations.broken(generation.addressed(), generation::policy);
    }

    /** One line for each. */
    static List<String> lines(List<ConfigError> faults) {
        return faults.stream().map(ConfigError::toString).toList();
    }

    /** Reports the claims in force that do not hold, where they are others than before. */
    static void report(List<String> before, List<String> now, Meters meters) {
        now.stream().filter(line -> !before.contains(line)).forEach(line -> LOG.error("{}", line));
        if (now.isEmpty() && !before.isEmpty()) {
            LOG.info("all claims of expect hold again");
        }
        meters.brokenExpectations(now.size());
    }
}
