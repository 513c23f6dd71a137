package io.portcullis.ec2.transfer.export;

import io.portcullis.config.AclEntry;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.edit.Edit.NumberedEntry;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.transfer.Note;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The entries of a network ACL as EC2 counts them: each has one block and one range of ports. An entry with more is several, with the
 * same action and the next numbers.
 */
final class AclNumbers {
    private static final int STEP = 100;
    private static final PortRange EVERY_PORT = new PortRange(0, 65_535);

    private AclNumbers() {}

    /**
     * The entries of a direction, ascending by number; {@code *} is not among them.
     *
     * @param notes receives what is not as in the configuration
     */
    static List<NumberedEntry> of(NetworkAcl acl, Direction direction, Consumer<Note> notes) {
        List<AclEntry> entries = direction == Direction.INGRESS ? acl.ingress() : acl.egress();
        List<List<Permission>> parts = entries.stream().map(AclNumbers::parts).toList();
        int total = parts.stream().mapToInt(List::size).sum();
        String name = acl.name() + " " + direction.label();
        if (total > AclEntry.HIGHEST) {
            notes.accept(new Note(
                    acl.location(),
                    name + ": would be " + total
                            + " entries of one block and one range of ports, and EC2 numbers at most "
                            + AclEntry.HIGHEST + ": left out"));
            return List.of();
        }
        boolean isKept = fits(entries, parts);
        int step = Math.clamp(AclEntry.HIGHEST / Math.max(1, total), 1, STEP);
        if (!isKept) {
            notes.accept(new Note(
                    acl.location(),
                    name + ": several entries of EC2's for one do not fit between the numbers:"
                            + " numbered anew, in the same order"));
        }
        List<NumberedEntry> numbered = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            AclEntry entry = entries.get(i);
            if (isKept && parts.get(i).size() != 1) {
                notes.accept(new Note(
                        entry.packets().location(),
                        several(name, entry.number(), parts.get(i).size())));
            }
            for (int part = 0; part < parts.get(i).size(); part++) {
                int number = isKept ? entry.number() + part : (numbered.size() + 1) * step;
                numbered.add(
                        new NumberedEntry(number, entry.allow(), parts.get(i).get(part)));
            }
        }
        return numbered;
    }

    private static String several(String name, int number, int count) {
        return name + ", rule " + number + ": "
                + (count == 0
                        ? "matches nothing, left out"
                        : count + " entries of EC2's, " + number + " to " + (number + count - 1));
    }

    private static List<Permission> parts(AclEntry entry) {
        Rule packets = entry.packets();
        List<PortRange> ports = packets.ports().isEmpty() ? List.of(EVERY_PORT) : packets.ports();
        Set<Permission> parts = new LinkedHashSet<>();
        for (PortRange range : ports) {
            for (Cidr block : entry.blocks()) {
                parts.add(new Permission(
                        packets.protocol(), range, packets.icmpType(), packets.icmpCode(), new Peer.Net(block)));
            }
        }
        return List.copyOf(parts);
    }

    private static boolean fits(List<AclEntry> entries, List<List<Permission>> parts) {
        for (int i = 0; i < entries.size(); i++) {
            int next = i + 1 < entries.size() ? entries.get(i + 1).number() : AclEntry.HIGHEST + 1;
            if (entries.get(i).number() + parts.get(i).size() > next) {
                return false;
            }
        }
        return true;
    }
}
