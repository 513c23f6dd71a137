package io.portcullis.ec2.action;

import io.portcullis.config.AclEntry;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.edit.Edit;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Acl;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Entries of network ACLs. Those of one number are one entry of the configuration, and change together. */
final class AclEntryActions {
    private final CloudStore store;

    AclEntryActions(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "CreateNetworkAclEntry", call -> store.change(call, now -> create(call, now)),
                "ReplaceNetworkAclEntry", call -> store.change(call, now -> replace(call, now)),
                "DeleteNetworkAclEntry", call -> store.change(call, now -> delete(call, now)));
    }

    private static Proposal create(Call call, Cloud now) throws ApiException {
        NetworkAcl acl = changeable(now, call.arguments());
        Direction direction = direction(call.arguments());
        int number = number(call.arguments());
        Edit.NumberedEntry entry = entry(call.arguments(), number);
        if (has(acl, direction, number)) {
            throw ApiError.ACL_ENTRY_EXISTS.of(number);
        }
        return proposal(now, new Edit.AddEntry(acl.name(), direction, entry));
    }

    private static Proposal replace(Call call, Cloud now) throws ApiException {
        NetworkAcl acl = changeable(now, call.arguments());
        Direction direction = direction(call.arguments());
        int number = number(call.arguments());
        Edit.NumberedEntry entry = entry(call.arguments(), number);
        requireEntry(acl, direction, number);
        return proposal(now, new Edit.ReplaceEntry(acl.name(), direction, entry));
    }

    private static Proposal delete(Call call, Cloud now) throws ApiException {
        NetworkAcl acl = changeable(now, call.arguments());
        Direction direction = direction(call.arguments());
        int number = number(call.arguments());
        requireEntry(acl, direction, number);
        return proposal(now, new Edit.RemoveEntry(acl.name(), direction, number));
    }

    private static Proposal proposal(Cloud now, Edit edit) {
        return new Proposal(List.of(edit), now.state(), Fields.DONE);
    }

    private static NetworkAcl changeable(Cloud now, Arguments request) throws ApiException {
        Acl acl = AclActions.find(now, request.required("NetworkAclId"));
        if (acl.written().isEmpty()) {
            throw ApiError.OPERATION_NOT_PERMITTED.of(
                    "The default network ACL allows everything and cannot be changed here: create another one, and"
                            + " associate it with the subnet");
        }
        return acl.written().get();
    }

    private static Direction direction(Arguments request) {
        return request.flag("Egress") ? Direction.EGRESS : Direction.INGRESS;
    }

    private static int number(Arguments request) throws ApiException {
        int number = request.integer("RuleNumber").orElse(0);
        if (number < 1 || number > AclEntry.HIGHEST) {
            throw ApiError.INVALID_VALUE.of(
                    number, "RuleNumber", "Expecting a value from 1 to " + AclEntry.HIGHEST + ".");
        }
        return number;
    }

    private static boolean has(NetworkAcl acl, Direction direction, int number) {
        List<AclEntry> entries = direction == Direction.INGRESS ? acl.ingress() : acl.egress();
        return entries.stream().anyMatch(entry -> entry.number() == number);
    }

    private static void requireEntry(NetworkAcl acl, Direction direction, int number) throws ApiException {
        if (!has(acl, direction, number)) {
            throw ApiError.ACL_ENTRY_NOT_FOUND.of(direction.label(), number);
        }
    }

    private static Edit.NumberedEntry entry(Arguments request, int number) throws ApiException {
        Traffic traffic = traffic(request);
        boolean allow = request.required("RuleAction").equals("allow");
        return new Edit.NumberedEntry(number, allow, traffic.with(new Peer.Net(block(request))));
    }

    private static Cidr block(Arguments request) throws ApiException {
        Optional<String> v4 = request.string("CidrBlock");
        Optional<String> v6 = request.string("Ipv6CidrBlock");
        if (v4.isPresent() && v6.isPresent()) {
            throw ApiError.INVALID_COMBINATION.of("Only one of CidrBlock and Ipv6CidrBlock can be specified");
        }
        if (v4.isEmpty() && v6.isEmpty()) {
            throw ApiError.MISSING_PARAMETER.of("CidrBlock or Ipv6CidrBlock");
        }
        return v4.isPresent() ? Blocks.read(v4.get(), false) : Blocks.read(v6.get(), true);
    }

    /** Of {@code PortRange} and {@code Icmp}, only the one that the protocol has counts. */
    private static Traffic traffic(Arguments request) throws ApiException {
        String word = request.required("Protocol");
        Optional<Arguments> types = request.structure("Icmp");
        if (!Rule.hasTypes(Traffic.protocol(word))) {
            Optional<Arguments> ports = request.structure("PortRange");
            return Traffic.of(word, member(ports, "From"), member(ports, "To"));
        }
        for (String name : List.of("Type", "Code")) {
            if (member(types, name).isEmpty()) {
                throw ApiError.MISSING_PARAMETER.of("Icmp." + name);
            }
        }
        return Traffic.of(word, member(types, "Type"), member(types, "Code"));
    }

    private static OptionalInt member(Optional<Arguments> structure, String name) {
        return structure.map(each -> each.integer(name)).orElse(OptionalInt.empty());
    }
}
