package io.portcullis.service.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.files.FilePattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The folders and files to watch for a path. */
final class WatchPlanTest {
    @TempDir
    private Path folder;

    private static WatchPlan plan(Path folder, String name, boolean isPattern) {
        return WatchPlan.of(Set.of(new FilePattern(folder, name, isPattern)));
    }

    private static WatchPlan.Folder in(WatchPlan plan, Path folder) {
        return Objects.requireNonNull(plan.folders().get(folder), () -> folder + " is not in " + plan);
    }

    @Test
    void aPathIsWatchedFromTheRootOn() throws IOException {
        Path file = Files.writeString(folder.resolve("a.yaml"), "");
        WatchPlan plan = plan(folder, "a.yaml", false);
        assertEquals(Set.of(file), plan.files());
        assertEquals(folder.getNameCount() + 1, plan.folders().size());
        assertTrue(in(plan, Path.of("/")).has(folder.getName(0).toString()));
        assertFalse(in(plan, Path.of("/")).holdsFiles());
        assertTrue(in(plan, folder).has("a.yaml"));
        assertFalse(in(plan, folder).has("b.yaml"));
        assertTrue(in(plan, folder).holdsFiles());
    }

    @Test
    void theParentOfALinkIsThatOfItsTarget() throws IOException {
        Files.createDirectories(folder.resolve("x/y"));
        Files.writeString(folder.resolve("x/a.yaml"), "");
        Files.createSymbolicLink(folder.resolve("l"), Path.of("x/y"));
        WatchPlan plan = plan(folder.resolve("l/.."), "a.yaml", false);
        assertEquals(Set.of(folder.resolve("x/a.yaml")), plan.files());
        assertTrue(in(plan, folder).has("l"));
        assertTrue(in(plan, folder).has("x"));
        assertTrue(in(plan, folder.resolve("x")).has("y"));
    }

    @Test
    void aCircleOfLinksComesToAnEnd() throws IOException {
        Files.createSymbolicLink(folder.resolve("a"), Path.of("b"));
        Files.createSymbolicLink(folder.resolve("b"), Path.of("a"));
        WatchPlan plan = plan(folder, "a", false);
        assertEquals(Set.of(), plan.files());
        assertTrue(in(plan, folder).has("a"));
        assertTrue(in(plan, folder).has("b"));
    }

    @Test
    void aMissingFileIsAwaitedInItsFolder() {
        WatchPlan plan = plan(folder.resolve("later/on"), "*.yaml", true);
        assertTrue(in(plan, folder).has("later"));
        assertFalse(plan.folders().containsKey(folder.resolve("later"))
                && in(plan, folder.resolve("later")).has("on"));
        assertEquals(Set.of(), plan.files());
    }

    @Test
    void aPatternCountsAsInAShell() {
        WatchPlan.Folder all = in(plan(folder, "*.yaml", true), folder);
        assertTrue(all.has("b.yaml"));
        assertFalse(all.has(".b.yaml"));
        assertFalse(all.has("b.yaml.new"));
        assertTrue(all.holdsFiles());
    }
}
