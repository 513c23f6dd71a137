package io.portcullis.ec2.transfer;

import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.Mode;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds the interfaces of this host that network interfaces of EC2 become. */
final class Interfaces {
    /**
     * An interface of this host.
     *
     * @param nics by key: {@code nic}, or {@code outside} and {@code inside}
     */
    record Chosen(String name, String mode, Map<String, String> nics, List<Cidr> addresses, Account.Nic nic) {}

    private final Account account;
    private final List<NetworkInterface> existing;
    private final Report report;
    private final Map<Account.Nic, Choice> choices = new LinkedHashMap<>();

    Interfaces(Account account, Optional<Cloud> existing, Report report) {
        this.account = account;
        this.existing = existing.map(Cloud::interfaces).orElse(List.of());
        this.report = report;
    }

    /** The chosen interfaces, in the order of the choices; a network interface that none is about has a note. */
    List<Chosen> of(List<Choice> written) {
        written.forEach(this::choose);
        for (Account.Nic nic : account.nics) {
            Optional<NetworkInterface> same = existing.stream()
                    .filter(iface -> iface.id().equals(nic.id()))
                    .findFirst();
            if (!choices.containsKey(nic)) {
                same.ifPresentOrElse(
                        iface -> choices.put(nic, new Choice(String.valueOf(nic.id()), iface.name(), null)),
                        () -> report.note(
                                nic.location(),
                                nic.text() + ": becomes no interface of this host; --interface " + which(nic)
                                        + "=NAME:NIC would make it one"));
            }
        }
        List<Chosen> chosen = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Set<String> nics = new HashSet<>();
        choices.forEach((nic, choice) -> {
            nic.notes().forEach(report::note);
            Chosen each = chosen(nic, choice);
            if (!names.add(each.name())) {
                report.error(nic.location(), nic.text() + ": another network interface is " + each.name() + " already");
            }
            for (String used : each.nics().values()) {
                if (!nics.add(used)) {
                    report.error(nic.location(), nic.text() + ": the NIC " + used + " is used twice");
                }
            }
            chosen.add(each);
        });
        return chosen;
    }

    private static String which(Account.Nic nic) {
        return nic.id() != null
                ? nic.id()
                : nic.deviceIndex() != null ? nic.deviceIndex().toString() : String.valueOf(nic.subnet());
    }

    private void choose(Choice choice) {
        List<Account.Nic> found = account.nics.stream().filter(choice::isOf).toList();
        if (found.isEmpty()) {
            String all = account.nics.isEmpty()
                    ? "the files have none"
                    : "the files have "
                            + account.nics.stream().map(Account.Nic::text).collect(Collectors.joining("; "));
            report.error(Location.of("--interface"), choice.which() + ": no such network interface: " + all);
        } else if (found.size() > 1) {
            report.error(
                    found.getLast().location(),
                    "--interface " + choice.which() + ": " + found.size() + " network interfaces, the first at "
                            + found.getFirst().location() + ": choose one by its id, or give fewer files");
        } else if (choices.putIfAbsent(found.getFirst(), choice) != null) {
            report.error(
                    found.getFirst().location(),
                    "--interface " + choice.which() + ": was chosen already, as " + nameOf(found.getFirst()));
        }
    }

    private String nameOf(Account.Nic nic) {
        Choice choice = choices.get(nic);
        return choice == null ? "" : choice.name();
    }

    private Chosen chosen(Account.Nic nic, Choice choice) {
        @Nullable
        Interface same = existing.stream()
                .filter(iface -> iface.name().equals(choice.name()))
                .map(NetworkInterface::written)
                .findFirst()
                .orElse(null);
        if (choice.nic() == null && same != null) {
            report.note(choice.name() + ": mode and NICs are those of the existing configuration; its other keys are"
                    + " not in the result");
            return switch (same.mode()) {
                case Mode.Host host ->
                    new Chosen(choice.name(), "host", Map.of("nic", host.nic()), same.addresses(), nic);
                case Mode.Bridge bridge -> {
                    Map<String, String> both = new LinkedHashMap<>();
                    both.put("outside", bridge.outside());
                    both.put("inside", bridge.inside());
                    yield new Chosen(choice.name(), "bridge", both, same.addresses(), nic);
                }
            };
        }
        String device = choice.nic() == null ? choice.name() : choice.nic();
        if (!Interface.isNicName(device)) {
            report.error(
                    Location.of("--interface"),
                    device + ": is no name of a NIC: write " + choice.which() + "=" + choice.name() + ":NIC");
        } else if (choice.nic() == null) {
            report.note(choice.name() + ": its NIC is taken to be " + device + "; --interface " + choice.which() + "="
                    + choice.name() + ":NIC names another");
        }
        return new Chosen(choice.name(), "host", Map.of("nic", device), List.of(), nic);
    }
}
