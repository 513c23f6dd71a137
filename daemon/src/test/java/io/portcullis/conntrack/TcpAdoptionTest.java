package io.portcullis.conntrack;

import static io.portcullis.conntrack.Conversation.ACK;
import static io.portcullis.conntrack.Conversation.FIN;
import static io.portcullis.conntrack.Conversation.RST;
import static io.portcullis.conntrack.Conversation.SYN;
import static io.portcullis.conntrack.Conversation.segment;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.conntrack.TcpConnection.State;
import io.portcullis.conntrack.TcpTracker.Step;
import io.portcullis.net.Direction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that are older than the tracking. */
final class TcpAdoptionTest {
    private static final long ESTABLISHED_SECONDS = 432_000;

    private final Conversation talk = new Conversation();

    /** Both sides have been seen: the originator continues at 5100, the responder at 7000; both offer 1000 bytes, times 2^scale. */
    private void learnt(int originatorScale, int responderScale) {
        talk.adopted(originatorScale, responderScale);
        assertEquals(
                Step.RENEW,
                talk.send(true, segment(true, ACK, 5000, 7000).payload(100).window(1000)));
        assertEquals(
                Step.RENEW, talk.send(false, segment(false, ACK, 7000, 5100).window(1000)));
    }

    @Test
    void itIsEstablishedAndRepliedFromTheStart() {
        talk.adopted(0, 0);
        assertEquals(State.ESTABLISHED, talk.state());
        assertTrue(talk.flow().isReplied());
        talk.sleepSeconds(10);
        talk.responder(ACK, 7000, 5000);
        assertEquals(ESTABLISHED_SECONDS, talk.secondsLeft(), "not tcp-unacknowledged");
    }

    @Test
    void windowsAreCheckedOnceBothSidesHaveBeenSeen() {
        learnt(0, 0);
        assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 6101, 7000), "beyond 5100 + 1000");
        assertEquals(Step.BAD_WINDOW, talk.responder(ACK, 8001, 5100), "beyond 7000 + 1000");
        assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 5100, 70_000), "what nobody can have sent");
        assertEquals(Step.BAD_WINDOW, talk.responder(ACK, 7000, 6101), "nor this");
    }

    @Test
    void nothingIsCheckedBeforeHoweverMuchOneSideSends() {
        talk.adopted(0, 0);
        for (int at = 5000; at < 1_000_000; at += 1000) {
            assertEquals(
                    Step.RENEW,
                    talk.send(true, segment(true, ACK, at, 7000).payload(1000).window(10)));
        }
        assertEquals(Step.RENEW, talk.responder(ACK, 7000, 800_000));
        assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 1_100_000, 7000));
    }

    @Test
    void windowsAreScaledByWhatTheSocketSays() {
        learnt(3, 7);
        assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 5100 + 128_001, 7000));
        assertEquals(Step.RENEW, talk.originator(ACK, 5100 + 128_000, 7000));
        assertEquals(Step.RENEW, talk.responder(ACK, 7000 + 8_000, 5100));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingIsOutOfAWindowOfUnknownScale(boolean originators) {
        learnt(originators ? -1 : 7, originators ? 7 : -1);
        assertEquals(Step.RENEW, talk.originator(ACK, 50_000_000, 7000));
        assertEquals(Step.RENEW, talk.responder(ACK, 70_000_000, 50_000_000));
    }

    @Test
    void aResetBeforeBothSidesWereSeenPassesAndTouchesNothing() {
        talk.adopted(0, 0);
        talk.sleepSeconds(10);
        assertEquals(Step.PASS, talk.originator(RST, 5000, 0));
        assertEquals(Step.PASS, talk.responder(RST | ACK, 7000, 5000));
        assertEquals(ESTABLISHED_SECONDS - 10, talk.secondsLeft());
        talk.originator(ACK, 5000, 7000);
        assertEquals(Step.PASS, talk.originator(RST, 5000, 0));
        assertEquals(Step.PASS, talk.responder(RST, 7000, 0), "exact, but who knows");
        assertEquals(State.ESTABLISHED, talk.state());
        talk.responder(ACK, 7000, 5000);
        assertEquals(Step.RENEW, talk.responder(RST, 7000, 0));
        assertEquals(State.CLOSE, talk.state());
    }

    @Test
    void itClosesLikeAnyOther() {
        learnt(0, 0);
        assertEquals(Step.RENEW, talk.originator(FIN | ACK, 5100, 7000));
        assertEquals(Step.RENEW, talk.responder(ACK, 7000, 5101));
        assertEquals(Step.RENEW, talk.responder(FIN | ACK, 7000, 5101));
        assertEquals(State.LAST_ACK, talk.state());
        assertEquals(Step.RENEW, talk.originator(ACK, 5101, 7001));
        assertEquals(State.TIME_WAIT, talk.state());
        assertEquals(Step.REOPEN, talk.originator(SYN, 90_000, 0));
    }

    /** The originator had sent up to 9000 before; its first segment that is seen is a retransmission. */
    @Test
    void unseenDataMayBeAcknowledged() {
        talk.adopted(0, 0);
        assertEquals(Step.RENEW, talk.responder(ACK, 7000, 5000));
        assertEquals(Step.RENEW, talk.send(true, segment(true, ACK, 5000, 7000).payload(1000)));
        assertEquals(Step.RENEW, talk.responder(ACK, 7000, 9000));
        assertEquals(9000, talk.connection().originator.end);
        assertEquals(Step.RENEW, talk.originator(ACK, 5000 + 65_535, 7000), "a new segment at the window's end");
        assertFalse(talk.connection().originator.is(TcpSide.SENT_UNSEEN));
        assertEquals(Step.BAD_WINDOW, talk.responder(ACK, 7000, 5000 + 65_536), "from here on everything was seen");
    }

    /** Acknowledgments of data that passed unseen, then that data again: acknowledged data has been sent. */
    @Test
    void acknowledgedDataHasBeenSent() {
        talk.adopted(0, 0);
        assertEquals(Step.RENEW, talk.originator(ACK, 5000, 7000));
        assertEquals(Step.RENEW, talk.originator(ACK, 5000, 9000));
        assertEquals(
                Step.RENEW, talk.send(false, segment(false, ACK, 7000, 5000).payload(1000)));
        assertEquals(Step.RENEW, talk.originator(ACK, 5000, 9000));
    }

    @Test
    void aHandshakeThatStartsOverIsFollowedFromItsSyn() {
        talk.adopted(-1, -1);
        assertEquals(Step.ASK_RULES, talk.originator(SYN, 90_000, 0));
        assertEquals(Step.START_OVER, talk.responder(SYN | ACK, 30_000, 90_001));
        assertEquals(Step.RENEW, talk.originator(ACK, 90_001, 30_001));
        assertEquals(State.ESTABLISHED, talk.state());
        assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 50_000_000, 30_001));
    }

    @Test
    void errorsAreCredibleAboutWhatWasSeen() {
        talk.adopted(-1, -1);
        assertFalse(talk.isInFlight(0, true), "nothing was seen");
        talk.send(true, segment(true, ACK, 5000, 7000).payload(1000));
        assertTrue(talk.isInFlight(5000, true));
        assertFalse(talk.isInFlight(7000, false));
    }

    /** A host that reboots and connects again from the same port is admitted, though the other side opened the connection. */
    @Test
    void aSynOfTheResponderMayHaveOpenedIt() {
        learnt(0, 0);
        assertEquals(Step.ASK_RULES, talk.responder(SYN, 500_000, 0));
        assertEquals(Step.START_OVER, talk.originator(SYN | ACK, 700_000, 500_001));
        assertEquals(Direction.EGRESS, talk.flow().originalDirection());
        assertEquals(Step.BAD_STATE, talk.send(true, segment(true, SYN, 1, 0)), "from here on its opener is known");
    }

    /** Only the SYN's sequence is known: a side that refuses the SYN has closed the connection. */
    @Test
    void aRefusalOfASynClosesThoughNobodyWasSeen() {
        talk.adopted(0, 0);
        assertEquals(Step.ASK_RULES, talk.originator(SYN, 500_000, 0));
        assertEquals(Step.PASS, talk.responder(RST | ACK, 0, 5), "of something else");
        assertEquals(Step.PASS, talk.responder(RST | ACK, 0, 500_001), "no longer the next packet");
        assertEquals(Step.ASK_RULES, talk.originator(SYN, 500_000, 0));
        assertEquals(Step.RENEW, talk.responder(RST | ACK, 0, 500_001));
        assertEquals(State.CLOSE, talk.state());
    }

    @Test
    void newDataOfASideThatIsBeingLearntIsNoRetransmit() {
        talk.adopted(0, 0);
        assertEquals(Step.RENEW, talk.responder(FIN | ACK, 7000, 5000));
        assertEquals(State.FIN_WAIT, talk.state());
        assertEquals(
                Step.RENEW, talk.send(false, segment(false, ACK, 7001, 5000).payload(10)));
        assertEquals(State.CLOSE_WAIT, talk.state());
    }
}
