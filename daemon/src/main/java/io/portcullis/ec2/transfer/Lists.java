package io.portcullis.ec2.transfer;

import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.net.Cidr;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads managed prefix lists and their entries, which EC2 describes apart from each other. */
final class Lists {
    private static final Set<String> KNOWN = Set.of(
            "PrefixListId",
            "PrefixListName",
            "AddressFamily",
            "State",
            "StateMessage",
            "PrefixListArn",
            "Version",
            "OwnerId",
            "Entries",
            "MaxEntries");
    private static final Set<String> ENTRIES = Set.of("PrefixListId", "Entries", "NextToken");

    private final Report report;

    Lists(Report report) {
        this.report = report;
    }

    /** Adds a list of describe-managed-prefix-lists; one that this program has written has its entries, too. */
    void add(Members list, Account account) {
        Optional<String> id = id(list);
        if (id.isEmpty() || !account.isNew(id.get(), list.object())) {
            return;
        }
        Notes.unknown(list, KNOWN, report);
        String name = list.text("PrefixListName").orElse("");
        account.lists.put(id.get(), new Account.PrefixList(id.get(), name, list.location()));
        if (list.has("Entries")) {
            blocks(list, id.get(), account);
        }
    }

    /**
     * Adds the answer of get-managed-prefix-list-entries.
     *
     * @param file its name has the list's id, where the answer has none
     */
    void addEntries(Members answer, String file, Account account) {
        Optional<String> id = answer.has("PrefixListId") ? id(answer) : Ids.listIn(file);
        if (id.isEmpty()) {
            if (!answer.has("PrefixListId")) {
                report.error(
                        answer.location("Entries"),
                        "Entries of which list? Name the file after it, such as pl-0123456789abcdef0.json, or write"
                                + " {\"PrefixListId\": \"pl-0123456789abcdef0\", \"Entries\": …}");
            }
            return;
        }
        Notes.unknown(answer, ENTRIES, report);
        blocks(answer, id.get(), account);
    }

    private void blocks(Members answer, String id, Account account) {
        Optional<Json> entries = answer.value("Entries");
        if (entries.isEmpty() || !account.isNew("entries of " + id, entries.get())) {
            return;
        }
        Set<Cidr> blocks = new LinkedHashSet<>();
        for (Members entry : answer.objects("Entries")) {
            Notes.unknown(entry, Set.of("Cidr", "Description"), report);
            Optional<Cidr> block = Blocks.of(entry, "Cidr", report);
            if (block.filter(Blocks::isMapped).isPresent()) {
                report.note(
                        entry.location(),
                        "entry " + block.get() + " left out: packets with IPv4-mapped addresses" + " are dropped");
                continue;
            }
            block.ifPresent(blocks::add);
            entry.text("Description")
                    .filter(text -> !text.isEmpty())
                    .ifPresent(text -> report.note(
                            entry.location("Description"),
                            "description of " + entry.text("Cidr").orElse("") + ", " + text + ": entries have none"));
        }
        account.blocks.put(id, new Account.Blocks(List.copyOf(blocks), answer.location()));
    }

    private Optional<String> id(Members object) {
        return Ids.of(Kind.PREFIX_LIST, object, "PrefixListId", report);
    }
}
