package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.operations.Actor;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.ChangeOptions;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.NoSuchChange;
import io.portcullis.operations.RollbackRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes, their numbers and their rollback; {@link ChangesTest} runs these tests in a network namespace of their own. */
final class ChangesContract {
    @TempDir
    private Path root;

    private ChangeLab lab;

    @BeforeEach
    void start() throws IOException {
        ChangeLab.write(root, 80);
        lab = new ChangeLab(root);
    }

    @AfterEach
    void close() {
        lab.close();
    }

    /** Another run of the daemon, after a crash. */
    private void restart() throws IOException {
        lab.close();
        lab = new ChangeLab(root);
    }

    private void assertInForce(int port, long number) throws IOException {
        assertEquals(port, lab.port());
        assertEquals(number, lab.log.number());
        assertOnDisk(port);
    }

    private void assertOnDisk(int port) throws IOException {
        assertEquals(ChangeLab.main(port), Files.readString(root.resolve("etc/main.yaml")));
        assertEquals(ChangeLab.GROUP.formatted(port), Files.readString(root.resolve("etc/rules.d/web.yaml")));
        try (Stream<Path> all = Files.walk(root.resolve("etc"))) {
            assertEquals(2, all.filter(Files::isRegularFile).count(), "no other file is left");
        }
    }

    private ChangeView newest() {
        return lab.changes.history(1).changes().getFirst();
    }

    @Test
    void theStartIsTheFirstChange() throws IOException {
        assertInForce(80, 1);
        assertEquals("edit", newest().actor().via());
        assertFalse(newest().compared());
        restart();
        assertInForce(80, 1);
        assertEquals(1, lab.changes.history(9).changes().size());
    }

    @Test
    void aChangeIsNumberedAndItsRollbackIsAnother() throws IOException {
        ChangeReport report = lab.apply(81, new ChangeOptions("why", 0, false, false, 1, ""));
        assertTrue(report.ok(), report::toString);
        assertInForce(81, 2);
        assertEquals(List.of("web0 ingress: tcp 81 from any"), newest().admits());
        assertEquals(List.of("web0 ingress: tcp 80 from any"), newest().denies());
        assertEquals("why", newest().note());
        assertTrue(lab.rollback(0).ok());
        assertInForce(80, 3);
        assertTrue(lab.rollback(2).ok());
        assertInForce(81, 4);
        restart();
        assertInForce(81, 4);
    }

    @Test
    void aDryRunTouchesNothing() throws IOException {
        ChangeReport report = lab.apply(81, new ChangeOptions("", 60_000, true, false, 0, ""));
        assertTrue(report.ok());
        assertTrue(report.tried());
        assertEquals(2, report.change().change());
        assertEquals(2, report.writes().size(), report::toString);
        assertInForce(80, 1);
        assertEquals(1, lab.changes.history(9).changes().size());
    }

    @Test
    void anotherBaseIsAConflict() throws IOException {
        assertTrue(lab.apply(81, ChangeOptions.PLAIN.on(1)).ok());
        ChangeReport late = lab.apply(82, ChangeOptions.PLAIN.on(1));
        assertTrue(late.conflict());
        assertFalse(late.ok());
        assertEquals(2, late.change().base());
        assertInForce(81, 2);
        assertTrue(lab.apply(82, ChangeOptions.PLAIN.on(2)).ok());
        assertInForce(82, 3);
    }

    @Test
    void anUnconfirmedChangeIsRolledBack() throws IOException {
        assertTrue(lab.apply(81, ChangeLab.confirm(60_000)).ok());
        assertInForce(81, 2);
        ChangeReport second = lab.apply(82, ChangeOptions.PLAIN);
        assertEquals(1, second.errors().size());
        assertTrue(
                second.errors().getFirst().startsWith("change @2 by somebody by apply goes back to @1 at "),
                second::toString);
        lab.confirmation.tick(System.nanoTime());
        assertInForce(81, 2);
        lab.confirmation.tick(System.nanoTime() + 61_000_000_000L);
        assertInForce(80, 1);
        assertEquals(ChangeView.REVERTED, lab.changes.files(2).change().outcome());
        assertNull(lab.confirmation.waiting());
        restart();
        assertInForce(80, 1);
    }

    @Test
    void aRestartGoesOnWaiting() throws IOException {
        assertTrue(lab.apply(81, ChangeLab.confirm(3_600_000)).ok());
        restart();
        assertInForce(81, 2);
        assertEquals(
                2, Objects.requireNonNull(lab.confirmation.waiting()).pending().change());
        assertTrue(lab.changes.confirm(Actor.UNKNOWN).ok());
        restart();
        assertInForce(81, 2);
        assertNull(lab.confirmation.waiting());
        assertFalse(lab.changes.confirm(Actor.UNKNOWN).ok());
    }

    @Test
    void aConfirmationThatIsOnTheDiskHoldsThoughItsNoteStays() throws IOException {
        assertTrue(lab.apply(81, ChangeLab.confirm(60_000)).ok());
        Path note = root.resolve("lib/history/000002/pending.json");
        Files.delete(note);
        // A folder with content can't be deleted.
        Files.createDirectories(note.resolve("full"));
        assertTrue(lab.changes.confirm(Actor.UNKNOWN).ok());
        assertNull(lab.confirmation.waiting());
        lab.confirmation.tick(System.nanoTime() + 61_000_000_000L);
        assertInForce(81, 2);
        restart();
        assertInForce(81, 2);
        assertNull(lab.confirmation.waiting());
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.1 40000 2001:db8::1 22", "192.0.2.1 40000 192.0.2.2 0", "no session"})
    void anUnknownSessionIsNoReasonToFail(String session) throws IOException {
        assertTrue(lab.apply(81, new ChangeOptions("", 3_600_000, false, false, 0, session))
                .ok());
        lab.confirmation.tick(System.nanoTime());
        assertInForce(81, 2);
        restart();
        assertInForce(81, 2);
        assertEquals(
                2, Objects.requireNonNull(lab.confirmation.waiting()).pending().change());
    }

    @Test
    void theRollbackOfAWaitingChangeIsShownBeforeItIsMade() throws IOException {
        assertTrue(lab.apply(81, ChangeLab.confirm(3_600_000)).ok());
        ChangeReport shown = lab.changes.rollback(
                new RollbackRequest(0, new ChangeOptions("", 0, true, false, 0, "")), Actor.UNKNOWN);
        assertTrue(shown.ok(), shown::toString);
        assertEquals(1, shown.change().change());
        assertEquals(List.of("web0 ingress: tcp 80 from any"), shown.change().admits());
        assertEquals(2, shown.writes().size());
        assertInForce(81, 2);
        assertTrue(lab.rollback(0).ok());
        assertInForce(80, 1);
    }

    @Test
    void aLostRollbackIsReported() throws IOException {
        assertTrue(lab.apply(81, ChangeLab.confirm(3_600_000)).ok());
        for (String lost : List.of("history/000001", "last-good")) {
            try (Stream<Path> all = Files.walk(root.resolve("lib").resolve(lost))) {
                for (Path copy :
                        all.filter(file -> file.toString().endsWith(".yaml")).toList()) {
                    Files.writeString(copy, "damaged");
                }
            }
        }
        ChangeReport refused = lab.rollback(0);
        assertFalse(refused.ok());
        assertTrue(refused.errors().getFirst().contains("can't go back: @1 is lost"), refused::toString);
        assertEquals(81, lab.port());
    }

    @Test
    void aRestartAfterTheDeadlineStartsFromThePreviousChange() throws Exception {
        assertTrue(lab.apply(81, ChangeLab.confirm(1_000)).ok());
        Thread.sleep(1_100);
        restart();
        assertInForce(80, 1);
        assertEquals(ChangeView.REVERTED, lab.changes.files(2).change().outcome());
    }

    @Test
    void filesThatWereEditedWhileNobodyRanAreRefused() throws IOException {
        assertTrue(lab.apply(81, ChangeLab.confirm(3_600_000)).ok());
        ChangeLab.write(root, 82);
        restart();
        assertEquals(80, lab.port());
        assertEquals(1, lab.log.number());
        assertOnDisk(82);
        assertTrue(lab.running.get().isLastGood());
        assertTrue(lab.reloads.reload(false).ok());
        assertEquals(82, lab.port());
    }

    @Test
    void anEditEndsTheWait() throws IOException {
        assertTrue(lab.apply(81, ChangeLab.confirm(3_600_000)).ok());
        ChangeLab.write(root, 82);
        var refused = lab.reloads.reload(false);
        assertFalse(refused.ok());
        assertTrue(
                refused.errors().getFirst().contains("waited for its confirmation; @1 is in force again"),
                refused::toString);
        assertEquals(80, lab.port());
        assertOnDisk(82);
        assertTrue(lab.reloads.reload(false).ok());
        assertEquals(82, lab.port());
        assertEquals(82, lab.port());
        assertEquals("edit", newest().actor().via());
    }

    /** A claim that the change breaks is its fault, and is not among those that it keeps. */
    @Test
    void onlyClaimsThatHoldAreShownAsSuch() throws IOException {
        String claims = ChangeLab.main(80)
                + "expect: [{ingress: {protocol: tcp, ports: 80, from: any}, verdict: allow, why: the site},"
                + " {ingress: {protocol: tcp, ports: 22, from: any}, verdict: deny, why: no ssh}]\n";
        ApplyRequest request = new ApplyRequest(List.of(new ApplyRequest.File("", claims)), false, ChangeOptions.PLAIN);
        ChangeReport kept = lab.changes.apply(request, Actor.UNKNOWN);
        assertTrue(kept.ok(), kept::toString);
        assertEquals(
                List.of(
                        "every interface ingress tcp 80 from any: allow (the site)",
                        "every interface ingress tcp 22 from any: deny (no ssh)"),
                kept.claims());
        ChangeReport refused = lab.changes.apply(
                new ApplyRequest(
                        List.of(
                                new ApplyRequest.File("", claims),
                                new ApplyRequest.File("rules.d/web.yaml", ChangeLab.GROUP.formatted(81))),
                        true,
                        ChangeOptions.PLAIN),
                Actor.UNKNOWN);
        assertEquals(1, refused.errors().size(), refused::toString);
        assertTrue(refused.errors().getFirst().contains("tcp 80 from any: allow does not hold"), refused::toString);
        assertEquals(List.of("every interface ingress tcp 22 from any: deny (no ssh)"), refused.claims());
    }

    @Test
    void filesThatAreNotPartOfAChangeAreRemovedAndComeBack() throws IOException {
        Path more = root.resolve("etc/rules.d/more.yaml");
        Files.writeString(more, "prefix-lists: {dns: [192.0.2.53]}\n");
        assertTrue(lab.reloads.reload(false).ok());
        ChangeReport report = lab.apply(81, ChangeOptions.PLAIN);
        assertEquals(List.of(more.toString()), report.removes());
        assertInForce(81, 3);
        assertTrue(lab.rollback(0).ok());
        assertEquals("prefix-lists: {dns: [192.0.2.53]}\n", Files.readString(more));
        assertEquals(80, lab.port());
    }

    @Test
    void textAloneKeepsTheIncludedFiles() throws IOException {
        ChangeReport report = lab.changes.apply(
                new ApplyRequest(List.of(new ApplyRequest.File("", ChangeLab.main(81))), false, ChangeOptions.PLAIN),
                Actor.UNKNOWN);
        assertTrue(report.ok(), report::toString);
        assertEquals(1, report.writes().size());
        assertEquals(80, lab.port());
        assertThrows(
                IllegalArgumentException.class,
                () -> lab.changes.apply(
                        new ApplyRequest(
                                List.of(
                                        new ApplyRequest.File("", ChangeLab.main(81)),
                                        new ApplyRequest.File("../other.yaml", "")),
                                true,
                                ChangeOptions.PLAIN),
                        Actor.UNKNOWN));
    }

    @Test
    void aChangeThatNeverTookEffectIsNoTargetOfARollback() throws IOException {
        ChangeReport refused = lab.changes.apply(
                new ApplyRequest(List.of(new ApplyRequest.File("", "version: 2\n")), true, ChangeOptions.PLAIN),
                Actor.UNKNOWN);
        assertFalse(refused.ok());
        assertEquals(ChangeView.REFUSED, newest().outcome());
        assertThrows(NoSuchChange.class, () -> lab.rollback(2));
        assertThrows(NoSuchChange.class, () -> lab.rollback(99));
        assertThrows(NoSuchChange.class, () -> lab.rollback(0));
        assertInForce(80, 1);
    }

    @Test
    void filesThatCannotBeReplacedStayAndTheChangeIsRefused() throws IOException {
        // A folder in place of the new file.
        Files.createDirectories(root.resolve("etc/rules.d/.web.yaml.portcullis-new/full"));
        ChangeReport refused = lab.apply(81, ChangeLab.confirm(60_000));
        assertFalse(refused.ok());
        assertTrue(refused.errors().getFirst().contains("nothing has changed"), refused::toString);
        assertInForce(80, 1);
        assertNull(lab.confirmation.waiting());
        assertEquals(ChangeView.REFUSED, newest().outcome());
        restart();
        assertInForce(80, 1);
    }
}
