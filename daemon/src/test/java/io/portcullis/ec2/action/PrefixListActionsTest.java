package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.wire.ApiException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Managed prefix lists, as clients ask for them. */
final class PrefixListActionsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web], network-acl: edge}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: 443, from: {prefix-list: partners}}
            prefix-lists:
              partners: [203.0.113.0/24, 198.51.100.0/24]
              mixed: [10.0.0.0/8, "2001:db8::/32", 10.0.0.0/8]
              free: {id: pl-00000001, entries: ["fd00::/8"]}
            network-acls:
              edge:
                ingress:
                  - {rule: 100, action: deny, protocol: all, from: {prefix-list: mixed}}
            """;
    private static final String CREATE =
            "Action=CreateManagedPrefixList&PrefixListName=offices&Entry.1.Cidr=203.0.113.0/24"
                    + "&Entry.1.Description=hq&Entry.2.Cidr=198.51.100.0/24&MaxEntries=10&AddressFamily=IPv4";
    private static final String TOKEN = "&ClientToken=72e70091-0f60-4da5-ac74-975ac92183b6";

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    private static List<String> values(String xml, String element) {
        Matcher matcher =
                Pattern.compile("<" + element + ">([^<]*)</" + element + ">").matcher(xml);
        return matcher.results().map(found -> found.group(1)).toList();
    }

    private static String value(String xml, String element) {
        List<String> values = values(xml, element);
        assertEquals(1, values.size(), xml);
        return values.getFirst();
    }

    private String id(String name) throws ApiException {
        return value(
                calls.answer(
                        "Action=DescribeManagedPrefixLists&Filter.1.Name=prefix-list-name&Filter.1.Value.1=" + name),
                "prefixListId");
    }

    private String create() throws ApiException {
        return value(calls.answer(CREATE), "prefixListId");
    }

    private List<String> entries(String id) throws ApiException {
        return values(calls.answer("Action=GetManagedPrefixListEntries&PrefixListId=" + id), "cidr");
    }

    private String allTexts() {
        StringBuilder all = new StringBuilder();
        store.texts().forEach(file -> all.append(file.yaml()));
        return all.toString();
    }

    @Test
    void aListIsMadeWithAnIdAndItsEntries() throws Exception {
        String answer = calls.answer(CREATE + TOKEN
                + "&TagSpecification.1.ResourceType=prefix-list&TagSpecification.1.Tag.1.Key=env"
                + "&TagSpecification.1.Tag.1.Value=prod");
        String id = value(answer, "prefixListId");
        assertEquals("create-complete", value(answer, "state"));
        assertEquals("1", value(answer, "version"));
        assertEquals("10", value(answer, "maxEntries"));
        assertEquals("IPv4", value(answer, "addressFamily"));
        assertEquals("offices", value(answer, "prefixListName"));
        assertEquals("arn:aws:ec2:us-east-1:123456789012:prefix-list/" + id, value(answer, "prefixListArn"));
        assertEquals("123456789012", value(answer, "ownerId"));
        assertTrue(answer.contains("<tagSet><item><key>env</key><value>prod</value></item></tagSet>"), answer);
        assertTrue(
                allTexts()
                        .contains("prefix-lists:\n  offices:\n    id: " + id
                                + "\n    entries:\n      - 203.0.113.0/24\n      - 198.51.100.0/24\n"),
                allTexts());
        String entries = calls.answer("Action=GetManagedPrefixListEntries&PrefixListId=" + id);
        assertTrue(
                entries.contains("<entrySet><item><cidr>198.51.100.0/24</cidr></item>"
                        + "<item><cidr>203.0.113.0/24</cidr><description>hq</description></item></entrySet>"),
                entries);
    }

    @Test
    void theSameCallWithTheSameTokenMakesOneList() throws Exception {
        String id = value(calls.answer(CREATE + TOKEN), "prefixListId");
        String text = allTexts();
        assertEquals(id, value(calls.answer(CREATE + TOKEN), "prefixListId"));
        assertEquals(text, allTexts());
        assertEquals(
                "IdempotentParameterMismatch: The client token 72e70091-0f60-4da5-ac74-975ac92183b6 was used before, with"
                        + " other parameters: use another one",
                calls.refusal(CREATE.replace("MaxEntries=10", "MaxEntries=11") + TOKEN));
        calls.answer("Action=DeleteManagedPrefixList&PrefixListId=" + id);
        calls.answer(CREATE + TOKEN);
        assertTrue(allTexts().contains("offices:"), allTexts());
        assertTrue(calls.refusal(CREATE + "&ClientToken=" + "t".repeat(256)).startsWith("InvalidParameterValue: "));
    }

    @Test
    void aDryRunMakesNothing() {
        assertEquals(
                "DryRunOperation: Request would have succeeded, but DryRun flag is set.",
                calls.refusal(CREATE + "&DryRun=true"));
        assertEquals(YAML, allTexts());
        assertTrue(
                calls.refusal(CREATE.replace("IPv4", "IPv5") + "&DryRun=true").startsWith("InvalidParameterValue"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "AddressFamily=IPv4|AddressFamily=ipv4|InvalidParameterValue: Value (ipv4) for parameter AddressFamily is"
                        + " invalid. Expecting IPv4 or IPv6.",
                "AddressFamily=IPv4|AddressFamily=IPv6|InvalidParameterValue: CIDR block 203.0.113.0/24 is malformed",
                "MaxEntries=10|MaxEntries=0|InvalidParameterValue: Value (0) for parameter MaxEntries is invalid. Expecting a"
                        + " value of at least 1.",
                "MaxEntries=10|MaxEntries=1|PrefixListMaxEntriesExceeded: The prefix list would have 2 entries, and has at"
                        + " most 1 (MaxEntries)",
                "198.51.100.0/24|203.0.113.0|InvalidParameterValue: CIDR block 203.0.113.0 is malformed",
                "198.51.100.0/24|203.0.113.9/24|InvalidParameterValue: The request has the entry 203.0.113.0/24 twice",
                "=offices|=partners|InvalidParameterValue: Value (partners) for parameter PrefixListName is invalid. This"
                        + " host has a prefix list of that name, and its names are unique.",
                "=offices|=com.amazonaws.x|InvalidParameterValue: Value (com.amazonaws.x) for parameter PrefixListName is"
                        + " invalid. The name cannot start with com.amazonaws.",
                "=offices|=a%25b|InvalidParameterValue: Value (a%b) for parameter PrefixListName is invalid. Expecting 1 to"
                        + " 255 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
                "&MaxEntries=10||MissingParameter: The request must contain the parameter MaxEntries",
            })
    void aListThatCannotBeIsRefused(String before, String after, String refusal) {
        assertEquals(refusal, calls.refusal(CREATE.replace(before, after == null ? "" : after)));
        assertEquals(YAML, allTexts());
    }

    @Test
    void listsAreDescribedByIdsFiltersAndPages() throws Exception {
        String all = calls.answer("Action=DescribeManagedPrefixLists");
        assertEquals(4, values(all, "prefixListId").size(), all);
        assertTrue(all.contains("<nextToken>") || !all.contains("nextToken"), all);
        String one = calls.answer("Action=DescribeManagedPrefixLists&PrefixListId.1=pl-00000001");
        assertEquals("IPv6", value(one, "addressFamily"));
        assertEquals("free", value(one, "prefixListName"));
        String first = calls.answer("Action=DescribeManagedPrefixLists&MaxResults=3");
        assertEquals(3, values(first, "prefixListId").size(), first);
        String second =
                calls.answer("Action=DescribeManagedPrefixLists&MaxResults=3&NextToken=" + value(first, "nextToken"));
        assertEquals(1, values(second, "prefixListId").size(), second);
        assertEquals(
                "InvalidPrefixListID.NotFound: The prefix list ID 'pl-00000002' does not exist",
                calls.refusal("Action=DescribeManagedPrefixLists&PrefixListId.1=pl-00000002"));
        assertEquals(
                "InvalidPrefixListID.Malformed: The prefix list ID 'pl-x' is malformed",
                calls.refusal("Action=DescribeManagedPrefixLists&PrefixListId.1=pl-x"));
        assertEquals(
                "InvalidParameterValue: The filter 'name' is invalid",
                calls.refusal("Action=DescribeManagedPrefixLists&Filter.1.Name=name&Filter.1.Value.1=x"));
        for (String filter : List.of("owner-id", "prefix-list-id", "prefix-list-name", "tag:a", "tag-key")) {
            String none =
                    calls.answer("Action=DescribeManagedPrefixLists&Filter.1.Value.1=none&Filter.1.Name=" + filter);
            assertFalse(none.contains("<prefixListId>"), none);
        }
    }

    @Test
    void thereAreNoListsOfServices() throws Exception {
        String none = calls.answer("Action=DescribePrefixLists");
        assertTrue(none.contains("<prefixListSet/>") || none.contains("<prefixListSet></prefixListSet>"), none);
        assertTrue(calls.refusal("Action=DescribePrefixLists&PrefixListId.1=pl-00000001")
                .startsWith("InvalidPrefixListID.NotFound"));
    }

    @Test
    void aListOfBothFamiliesIsTwoLists() throws Exception {
        String all =
                calls.answer("Action=DescribeManagedPrefixLists&Filter.1.Name=prefix-list-name&Filter.1.Value.1=mixed");
        List<String> ids = values(all, "prefixListId");
        assertEquals(2, ids.size(), all);
        List<String> families = values(all, "addressFamily");
        String v4 = ids.get(families.indexOf("IPv4"));
        String v6 = ids.get(families.indexOf("IPv6"));
        assertEquals(List.of("10.0.0.0/8"), entries(v4));
        assertEquals(List.of("2001:db8::/32"), entries(v6));
        calls.answer("Action=ModifyManagedPrefixList&PrefixListId=" + v4
                + "&CurrentVersion=1&RemoveEntry.1.Cidr=10.0.0.0/8");
        assertTrue(store.text().contains("mixed: [\"2001:db8::/32\"]"), store.text());
        assertEquals(List.of(), entries(v4));
        assertEquals(List.of("2001:db8::/32"), entries(v6));
        calls.answer("Action=ModifyManagedPrefixList&PrefixListId=" + v4 + "&AddEntry.1.Cidr=10.1.0.0/16");
        assertEquals(List.of("10.1.0.0/16"), entries(v4));
        assertEquals(List.of("2001:db8::/32"), entries(v6));
    }

    @Test
    void oneOfTwoListsIsDeletedWithItsEntriesAndTheOtherKeepsItsId() throws Exception {
        TextStore both = new TextStore(YAML.replace("{prefix-list: mixed}", "any"));
        Calls itsCalls = new Calls(both);
        for (String family : List.of("IPv4", "IPv6")) {
            String all = itsCalls.answer(
                    "Action=DescribeManagedPrefixLists&Filter.1.Name=prefix-list-name&Filter.1.Value.1=mixed");
            List<String> ids = values(all, "prefixListId");
            String id = ids.get(values(all, "addressFamily").indexOf(family));
            String gone = itsCalls.answer("Action=DeleteManagedPrefixList&PrefixListId=" + id);
            assertEquals("delete-complete", value(gone, "state"));
            String left = itsCalls.answer(
                    "Action=DescribeManagedPrefixLists&Filter.1.Name=prefix-list-name&Filter.1.Value.1=mixed");
            List<String> others = ids.stream().filter(each -> !each.equals(id)).toList();
            assertEquals(others, values(left, "prefixListId"));
        }
        assertFalse(both.text().contains("mixed"), both.text());
    }

    @Test
    void entriesAreAddedRemovedAndDescribed() throws Exception {
        String id = create();
        String answer = calls.answer(
                "Action=ModifyManagedPrefixList&PrefixListId=" + id
                        + "&CurrentVersion=1&AddEntry.1.Cidr=192.0.2.7/24&AddEntry.1.Description=x&RemoveEntry.1.Cidr=198.51.100.0/24");
        assertEquals("modify-complete", value(answer, "state"));
        assertEquals("2", value(answer, "version"));
        assertEquals(List.of("192.0.2.0/24", "203.0.113.0/24"), entries(id));
        assertTrue(allTexts().contains("      - 203.0.113.0/24\n      - 192.0.2.0/24\n"), allTexts());
        calls.answer("Action=ModifyManagedPrefixList&PrefixListId=" + id
                + "&CurrentVersion=2&AddEntry.1.Cidr=192.0.2.0/24&AddEntry.1.Description=y");
        String third = calls.answer("Action=GetManagedPrefixListEntries&PrefixListId=" + id);
        assertEquals(List.of("y", "hq"), values(third, "description"));
        String second = calls.answer("Action=GetManagedPrefixListEntries&TargetVersion=2&PrefixListId=" + id);
        assertEquals(List.of("x", "hq"), values(second, "description"));
        String first = calls.answer("Action=GetManagedPrefixListEntries&TargetVersion=1&PrefixListId=" + id);
        assertEquals(List.of("198.51.100.0/24", "203.0.113.0/24"), values(first, "cidr"));
        assertEquals(
                "InvalidParameterValue: Value (4) for parameter TargetVersion is invalid. The known versions of the prefix"
                        + " list are 1 to 3.",
                calls.refusal("Action=GetManagedPrefixListEntries&TargetVersion=4&PrefixListId=" + id));
        String page = calls.answer("Action=GetManagedPrefixListEntries&MaxResults=1&PrefixListId=" + id);
        assertEquals("192.0.2.0/24", value(page, "cidr"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CurrentVersion=2&AddEntry.1.Cidr=192.0.2.0/24|PrefixListVersionMismatch: The prefix list has the incorrect"
                        + " version number.",
                "CurrentVersion=2&RemoveEntry.1.Cidr=192.0.2.0/24|PrefixListVersionMismatch: The prefix list has the"
                        + " incorrect version number.",
                "AddEntry.1.Cidr=192.0.2.0/24&MaxEntries=20|InvalidParameterCombination: You cannot modify the entries and"
                        + " the maximum entries for the prefix list in the same request.",
                "AddEntry.1.Cidr=192.0.2.0/24&RemoveEntry.1.Cidr=192.0.2.0/24|InvalidPrefixListModification: The entry"
                        + " 192.0.2.0/24 of the prefix list does not exist.",
                "AddEntry.1.Cidr=203.0.113.0/24&RemoveEntry.1.Cidr=203.0.113.0/24|InvalidParameterCombination: The entry"
                        + " 203.0.113.0/24 cannot be added and removed in the same request",
                "RemoveEntry.1.Cidr=203.0.113.0/24&RemoveEntry.2.Cidr=203.0.113.0/24|InvalidParameterValue: The request has"
                        + " the entry 203.0.113.0/24 twice",
                "AddEntry.1.Cidr=::/0|InvalidParameterValue: CIDR block ::/0 is malformed",
                "MaxEntries=1|PrefixListMaxEntriesExceeded: The prefix list would have 2 entries, and has at most 1"
                        + " (MaxEntries)",
                "PrefixListName=other|OperationNotPermitted: The prefix list offices cannot be renamed here: rename it in"
                        + " the configuration, with all that refers to it",
                "IpamPrefixListResolverSyncEnabled=true|UnsupportedOperation: The functionality you requested is not"
                        + " available in this region.",
                "CurrentVersion=1|MissingParameter: The request must contain the parameter AddEntry, RemoveEntry, MaxEntries"
                        + " or PrefixListName",
            })
    void aModificationThatCannotBeIsRefused(String parameters, String refusal) throws Exception {
        String id = create();
        String before = allTexts();
        assertEquals(refusal, calls.refusal("Action=ModifyManagedPrefixList&PrefixListId=" + id + "&" + parameters));
        assertEquals(before, allTexts());
    }

    @Test
    void maxEntriesIsALimitAndIsNoVersion() throws Exception {
        String id = create();
        String modify = "Action=ModifyManagedPrefixList&PrefixListId=" + id;
        String answer = calls.answer(modify + "&MaxEntries=2");
        assertEquals("2", value(answer, "maxEntries"));
        assertEquals("1", value(answer, "version"));
        assertEquals(
                "PrefixListMaxEntriesExceeded: The prefix list would have 3 entries, and has at most 2 (MaxEntries)",
                calls.refusal(modify + "&CurrentVersion=1&AddEntry.1.Cidr=192.0.2.0/24"));
        assertEquals("modify-complete", value(calls.answer(modify + "&PrefixListName=offices"), "state"));
        String byHand = "Action=ModifyManagedPrefixList&PrefixListId=" + id("partners");
        assertTrue(calls.refusal(byHand + "&AddEntry.1.Cidr=192.0.2.0/24").startsWith("PrefixListMaxEntriesExceeded"));
    }

    @Test
    void anEarlierVersionComesBackAsANewOne() throws Exception {
        String id = create();
        calls.answer("Action=ModifyManagedPrefixList&PrefixListId=" + id
                + "&CurrentVersion=1&AddEntry.1.Cidr=192.0.2.0/24&RemoveEntry.1.Cidr=203.0.113.0/24");
        String restore = "Action=RestoreManagedPrefixListVersion&PrefixListId=" + id;
        String answer = calls.answer(restore + "&PreviousVersion=1&CurrentVersion=2");
        assertEquals("restore-complete", value(answer, "state"));
        assertEquals("3", value(answer, "version"));
        assertEquals(List.of("198.51.100.0/24", "203.0.113.0/24"), entries(id));
        assertEquals("hq", value(calls.answer("Action=GetManagedPrefixListEntries&PrefixListId=" + id), "description"));
        assertTrue(
                calls.refusal(restore + "&PreviousVersion=1&CurrentVersion=2").startsWith("PrefixListVersionMismatch"));
        assertTrue(
                calls.refusal(restore + "&PreviousVersion=4&CurrentVersion=3").startsWith("InvalidParameterValue"));
        assertTrue(
                calls.refusal(restore + "&PreviousVersion=3&CurrentVersion=3").startsWith("InvalidParameterValue"));
    }

    @Test
    void anEditOfTheFileIsAVersion() throws Exception {
        String id = create();
        calls.answer("Action=ModifyManagedPrefixList&PrefixListId=" + id + "&MaxEntries=5");
        store.edit("      - 198.51.100.0/24\n", "      - 192.0.2.0/24\n      - 192.0.3.0/24\n");
        String edited = calls.answer("Action=DescribeManagedPrefixLists&PrefixListId.1=" + id);
        assertEquals("2", value(edited, "version"));
        assertEquals("modify-complete", value(edited, "state"));
        assertTrue(calls.refusal("Action=ModifyManagedPrefixList&PrefixListId=" + id
                        + "&CurrentVersion=1&AddEntry.1.Cidr=192.0.4.0/24")
                .startsWith("PrefixListVersionMismatch"));
        calls.answer(
                "Action=ModifyManagedPrefixList&PrefixListId=" + id + "&CurrentVersion=2&AddEntry.1.Cidr=192.0.4.0/24");
        assertEquals(4, entries(id).size());
        String second = calls.answer("Action=GetManagedPrefixListEntries&TargetVersion=2&PrefixListId=" + id);
        assertEquals(List.of("192.0.2.0/24", "192.0.3.0/24", "203.0.113.0/24"), values(second, "cidr"));
        calls.answer("Action=RestoreManagedPrefixListVersion&PreviousVersion=1&CurrentVersion=3&PrefixListId=" + id);
        assertEquals(List.of("198.51.100.0/24", "203.0.113.0/24"), entries(id));
    }

    @Test
    void aListInUseIsNotDeletedAndSaysWhoUsesIt() throws Exception {
        String id = id("partners");
        String group = store.now().groups().getFirst().id();
        String failed = calls.answer("Action=DeleteManagedPrefixList&PrefixListId=" + id);
        assertEquals("delete-failed", value(failed, "state"));
        assertEquals("The prefix list is in use: " + group, value(failed, "stateMessage"));
        assertEquals(YAML, allTexts());
        String described = calls.answer("Action=DescribeManagedPrefixLists&PrefixListId.1=" + id);
        assertEquals("delete-failed", value(described, "state"));
        String users = calls.answer("Action=GetManagedPrefixListAssociations&PrefixListId=" + id);
        assertEquals(group, value(users, "resourceId"));
        assertEquals("123456789012", value(users, "resourceOwner"));
        String later = calls.answer("Action=ModifyManagedPrefixList&MaxEntries=7&PrefixListId=" + id);
        assertEquals("modify-complete", value(later, "state"));
        assertFalse(later.contains("stateMessage"), later);
    }

    @Test
    void aListThatAnAclRefersToIsInUse() throws Exception {
        String acl = store.now().acls().stream()
                .filter(each -> !each.isDefault())
                .findFirst()
                .orElseThrow()
                .id();
        String all =
                calls.answer("Action=DescribeManagedPrefixLists&Filter.1.Name=prefix-list-name&Filter.1.Value.1=mixed");
        for (String id : values(all, "prefixListId")) {
            assertEquals(
                    acl,
                    value(calls.answer("Action=GetManagedPrefixListAssociations&PrefixListId=" + id), "resourceId"));
            assertEquals(
                    "delete-failed", value(calls.answer("Action=DeleteManagedPrefixList&PrefixListId=" + id), "state"));
        }
    }

    @Test
    void aListThatFailsafeAndExpectReferToIsInUse() throws Exception {
        TextStore other = new TextStore(YAML + """
                failsafe: {ingress: [{protocol: tcp, ports: 22, from: {prefix-list: free}}]}
                expect:
                  - {interface: web0, ingress: {protocol: tcp, ports: 22, from: {prefix-list: free}}, verdict: allow}
                """);
        String failed = new Calls(other).answer("Action=DeleteManagedPrefixList&PrefixListId=pl-00000001");
        assertEquals("delete-failed", value(failed, "state"));
        assertEquals("The prefix list is in use: failsafe, expect", value(failed, "stateMessage"));
    }

    @Test
    void aDeletedListIsGoneAndItsNameIsFreeWithNothingLeftBehind() throws Exception {
        String id = create();
        calls.answer(
                "Action=ModifyManagedPrefixList&CurrentVersion=1&RemoveEntry.1.Cidr=203.0.113.0/24&PrefixListId=" + id);
        String gone = calls.answer("Action=DeleteManagedPrefixList&PrefixListId=" + id);
        assertEquals("delete-complete", value(gone, "state"));
        assertFalse(allTexts().contains("offices"), allTexts());
        assertTrue(calls.refusal("Action=DeleteManagedPrefixList&PrefixListId=" + id)
                .startsWith("InvalidPrefixListID.NotFound"));
        String again = calls.answer(CREATE);
        assertEquals("1", value(again, "version"));
        String alone = calls.answer("Action=DeleteManagedPrefixList&PrefixListId=pl-00000001");
        assertEquals("delete-complete", value(alone, "state"));
        assertFalse(store.text().contains("free"), store.text());
    }

    @Test
    void anIdOfAListThatWasRenamedInTheFileIsNotGivenAgain() throws Exception {
        String id = create();
        store.edit("offices:", "headquarters:");
        assertEquals(id, id("headquarters"));
        String second = create();
        assertFalse(second.equals(id), second);
    }

    @Test
    void anEmptyListKeepsItsFamily() throws Exception {
        String answer =
                calls.answer("Action=CreateManagedPrefixList&PrefixListName=none&MaxEntries=3&AddressFamily=IPv6");
        assertEquals("IPv6", value(answer, "addressFamily"));
        String id = value(answer, "prefixListId");
        calls.answer("Action=ModifyManagedPrefixList&AddEntry.1.Cidr=2001:db8::/32&PrefixListId=" + id);
        assertEquals(List.of("2001:db8::/32"), entries(id));
    }

    @Test
    void aListKeepsItsIdWhenTheFileGetsBlocksOfTheOtherFamily() throws Exception {
        String answer = calls.answer("Action=CreateManagedPrefixList&PrefixListName=six&MaxEntries=3&AddressFamily=IPv6"
                + "&Entry.1.Cidr=2001:db8:6::/48");
        String id = value(answer, "prefixListId");
        store.edit("      - \"2001:db8:6::/48\"\n", "      - 192.0.2.0/24\n      - \"2001:db8:6::/48\"\n");
        String both =
                calls.answer("Action=DescribeManagedPrefixLists&Filter.1.Name=prefix-list-name&Filter.1.Value.1=six");
        assertEquals(List.of("2001:db8:6::/48"), entries(id));
        List<String> ids = values(both, "prefixListId");
        String other = ids.getFirst().equals(id) ? ids.getLast() : ids.getFirst();
        assertEquals(List.of("192.0.2.0/24"), entries(other));
        assertEquals("1", value(calls.answer("Action=DescribeManagedPrefixLists&PrefixListId.1=" + id), "version"));
        store.edit("      - \"2001:db8:6::/48\"\n", "");
        assertEquals(List.of(), entries(id));
        assertEquals(List.of("192.0.2.0/24"), entries(other));
    }

    @Test
    void oldVersionsAreForgotten() throws Exception {
        String id = create();
        IntStream.rangeClosed(1, 25).forEach(version -> {
            String change = version % 2 == 1 ? "AddEntry" : "RemoveEntry";
            try {
                calls.answer("Action=ModifyManagedPrefixList&PrefixListId=" + id + "&CurrentVersion=" + version + "&"
                        + change + ".1.Cidr=192.0.2.0/24");
            } catch (ApiException e) {
                throw new AssertionError(e);
            }
        });
        assertEquals(
                "InvalidParameterValue: Value (1) for parameter TargetVersion is invalid. The known versions of the prefix"
                        + " list are 7 to 26.",
                calls.refusal("Action=GetManagedPrefixListEntries&TargetVersion=1&PrefixListId=" + id));
    }

    @Test
    void descriptionsCanHoldWhatXmlCanCarry() throws Exception {
        String id = create();
        calls.answer("Action=ModifyManagedPrefixList&AddEntry.1.Cidr=203.0.113.0/24&PrefixListId=" + id
                + "&AddEntry.1.Description=" + Calls.encoded("<ä> & \u202e"));
        String entries = calls.answer("Action=GetManagedPrefixListEntries&PrefixListId=" + id);
        assertTrue(entries.contains("&lt;ä&gt; &amp; "), entries);
        assertTrue(calls.refusal("Action=ModifyManagedPrefixList&AddEntry.1.Cidr=203.0.113.0/24&PrefixListId=" + id
                        + "&AddEntry.1.Description=" + "d".repeat(256))
                .startsWith("InvalidParameterValue"));
    }
}
