package io.portcullis.ec2.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file of what no configuration can say. */
final class StateFileTest {
    @Test
    void allOfAStateIsReadAgain(@TempDir Path folder) throws Exception {
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put("z", "");
        tags.put("Ä", "\"two\"\nlines");
        ListVersion first = new ListVersion(1, List.of("10.0.0.0/8"), Map.of("10.0.0.0/8", "hq"));
        ListVersion second = new ListVersion(2, List.of(), Map.of());
        State state = State.EMPTY
                .withTags("acl-1", tags)
                .withRuleId("key", "sgr-1")
                .withToken("CreateNetworkAcl t", new State.ClientToken("sum", "acl-1"));
        for (ListStatus status : ListStatus.values()) {
            state = state.withList(
                    "pl-" + status, new ListState(true, 7, List.of(first, second), Map.of("a", "b"), status, "in use"));
        }
        StateFile file = new StateFile(folder.resolve("ec2/state.json"));
        assertEquals(State.EMPTY, file.load());
        file.save(state);
        State read = file.load();
        assertEquals(state, read);
        assertEquals(List.of("z", "Ä"), List.copyOf(read.tags("acl-1").keySet()));
    }

    @Test
    void aDamagedFileIsKeptAside(@TempDir Path folder) throws Exception {
        Path path = folder.resolve("state.json");
        for (String damaged : List.of("{", "[]", "{\"lists\": {\"pl-1\": {}}}")) {
            Files.writeString(path, damaged);
            assertEquals(State.EMPTY, new StateFile(path).load(), damaged);
            assertEquals(damaged, Files.readString(folder.resolve("state.json.damaged")));
            assertTrue(Files.notExists(path), damaged);
        }
    }

    @Test
    void aListKeepsItsLastVersions() {
        List<ListVersion> versions = LongStream.rangeClosed(1, ListState.MOST_VERSIONS + 3)
                .mapToObj(number -> new ListVersion(number, List.of(), Map.of()))
                .toList();
        ListState list = new ListState(false, 1, versions, Map.of(), ListStatus.CREATED, "");
        assertEquals(ListState.MOST_VERSIONS, list.versions().size());
        assertEquals(ListState.MOST_VERSIONS + 3, list.newest().number());
    }

    @Test
    void aLongListKeepsFewerVersions() {
        for (int length : List.of(30_000, 60_000, 200_000)) {
            List<String> entries = Collections.nCopies(length, "10.0.0.0/8");
            List<ListVersion> versions = LongStream.rangeClosed(1, 5)
                    .mapToObj(number -> new ListVersion(number, entries, Map.of()))
                    .toList();
            ListState list = new ListState(false, 1, versions, Map.of(), ListStatus.CREATED, "");
            assertEquals(
                    Math.max(1, ListState.MOST_ENTRIES / length),
                    list.versions().size());
            assertEquals(5, list.newest().number());
        }
    }
}
