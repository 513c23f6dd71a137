package io.portcullis.gate;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.intercept.Gate;
import io.portcullis.intercept.InterceptException;
import io.portcullis.linux.StateFolder;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Keeps the gate of the next boot. An interface whose traffic passes without a daemon ({@code on-failure: open}), or whatever the rules
 * say ({@code enforce: audit}), has none. The NICs of a bridge get one that drops everything: nothing is forwarded without the daemon,
 * and the host's own stack stays off the wire.
 */
public final class BootGate {
    private BootGate() {}

    /**
     * Writes the gates of the configuration in force, and removes those that the file before has for other NICs.
     *
     * @param policies of its interfaces, by name, as they are enforced: panic shuts every NIC
     * @return why the next boot is not gated as the configuration says, one line each
     */
    public static List<String> keep(Config config, Function<String, Policy> policies) {
        List<String> warnings = new ArrayList<>();
        try {
            Optional<Path> file = StateFolder.bootFile();
            if (file.isPresent()) {
                keep(config, policies, new BootFile(file.get()), warnings);
            }
        } catch (IOException e) {
            warnings.add("the gate of the next boot is not kept: " + e.getMessage());
        }
        return warnings;
    }

    private static void keep(Config config, Function<String, Policy> policies, BootFile file, List<String> warnings)
            throws IOException {
        Map<String, Gate.Filters> gates = new LinkedHashMap<>();
        for (Interface iface : config.interfaces().values()) {
            Enforcement enforcement = policies.apply(iface.name()).enforcement();
            boolean panic = enforcement == Enforcement.PANIC || enforcement == Enforcement.FAILSAFE_ONLY;
            if (panic || iface.onFailure() != OnFailure.OPEN && !iface.audit()) {
                Gate.Filters filters = enforcement == Enforcement.PANIC
                        ? GateFilters.SHUT
                        : filters(iface, config, policies, warnings);
                for (String nic : iface.mode().nics()) {
                    if (BootFile.isSafe(nic)) {
                        gates.put(nic, filters);
                    } else {
                        warnings.add(iface.name() + ": a batch file of tc can't have the name of NIC " + nic
                                + ", which has no gate at the next boot until portcullis runs");
                    }
                }
            }
        }
        Set<String> gone = file.nics();
        config.interfaces().values().forEach(iface -> iface.mode().nics().forEach(gone::remove));
        for (String nic : gone) {
            try {
                Gate.removeFrom(nic);
            } catch (InterceptException refused) {
                warnings.addAll(refused.faults());
            }
        }
        file.write(gates).ifPresent(warnings::add);
    }

    private static Gate.Filters filters(
            Interface iface, Config config, Function<String, Policy> policies, List<String> warnings) {
        return switch (iface.mode()) {
            case Mode.Bridge _ -> GateFilters.SHUT;
            case Mode.Host _ -> {
                GateFilters compiled = GateFilters.of(policies.apply(iface.name()), config.mark());
                if (!compiled.complete()) {
                    warnings.add(iface.name() + ": the failsafe rules are too many for a filter of the kernel: before"
                            + " portcullis runs, and with on-failure: failsafe while it is dead, nothing passes");
                }
                yield compiled.filters();
            }
        };
    }
}
