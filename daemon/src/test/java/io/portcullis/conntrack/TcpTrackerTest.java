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
import io.portcullis.testing.Frame;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The sentences of security-groups.md section 3 about TCP, one by one. Initial sequence numbers: 1000 and 9000. */
final class TcpTrackerTest {
    private final Conversation talk = new Conversation();

    private static byte[] windowScale(int shift) {
        return new Frame.Octets().u8(1).u8(3).u8(3).u8(shift).toBytes();
    }

    private static byte[] sackPermitted() {
        return new Frame.Octets().hex("04020101").toBytes();
    }

    private static byte[] sack(int from, int to) {
        return new Frame.Octets().hex("0101050a").u32(from).u32(to).toBytes();
    }

    /** A connection whose sides offer this window, unscaled. */
    private Conversation established(int originatorWindow, int responderWindow) {
        talk.send(true, segment(true, SYN, 1000, 0).window(originatorWindow));
        talk.send(false, segment(false, SYN | ACK, 9000, 1001).window(responderWindow));
        talk.send(true, segment(true, ACK, 1001, 9001).window(originatorWindow));
        return talk;
    }

    /** The six TCP cases of the kernel's own self-tests (tools/testing/selftests/net/netfilter), as our own scripts. */
    @Nested
    final class KernelCases {
        @Test
        void dataThatIsAcknowledgedAlreadyPassesAgain() {
            established(2000, 2000);
            for (int at = 1001; at < 9001; at += 1000) {
                Step step = talk.send(
                        true, segment(true, ACK, at, 9001).payload(1000).window(2000));
                assertEquals(Step.RENEW, step);
                assertEquals(
                        Step.RENEW,
                        talk.send(false, segment(false, ACK, 9001, at + 1000).window(2000)));
            }
            talk.sleepSeconds(100);
            long left = talk.secondsLeft();
            // The last ACK was lost behind the firewall, and the sender retransmits old data.
            assertEquals(
                    Step.PASS, talk.send(true, segment(true, ACK, 1001, 9001).payload(1000)));
            assertEquals(
                    Step.PASS, talk.send(true, segment(true, ACK, 5001, 9001).payload(1000)));
            assertEquals(left, talk.secondsLeft());
            assertEquals(9001, talk.connection().originator.end);
            assertEquals(
                    Step.RENEW, talk.send(false, segment(false, ACK, 9001, 9001).window(2000)));
        }

        @Test
        void resetsOutsideTheWindowInexactAndExact() {
            established(8000, 8000);
            assertEquals(Step.BAD_WINDOW, talk.originator(RST, 1000, 0));
            assertEquals(Step.BAD_WINDOW, talk.originator(RST, 1001 + 8001, 0));
            assertEquals(Step.BAD_WINDOW, talk.originator(RST, 1000 - 0x7fffffff, 0));
            assertEquals(Step.BAD_WINDOW, talk.responder(RST, 9000, 0));
            assertEquals(State.ESTABLISHED, talk.state());
            talk.sleepSeconds(10);
            long left = talk.secondsLeft();
            assertEquals(Step.PASS, talk.originator(RST, 1002, 0));
            assertEquals(Step.PASS, talk.originator(RST, 1001 + 8000, 0));
            assertEquals(State.ESTABLISHED, talk.state());
            assertEquals(left, talk.secondsLeft());
            assertEquals(Step.RENEW, talk.responder(ACK, 9001, 1001), "the challenge ACK");
            assertEquals(Step.RENEW, talk.originator(RST, 1001, 0));
            assertEquals(State.CLOSE, talk.state());
            assertEquals(10, talk.secondsLeft());
        }

        @Test
        void anInexactResetAfterAFin() {
            established(8000, 8000);
            assertEquals(
                    Step.RENEW,
                    talk.send(false, segment(false, FIN | ACK, 9001, 1001).payload(1000)));
            assertEquals(Step.RENEW, talk.originator(ACK, 1001, 10_002));
            assertEquals(State.CLOSE_WAIT, talk.state());
            assertEquals(Step.BAD_WINDOW, talk.originator(RST, 1000, 0), "blind, below the window");
            assertEquals(Step.RENEW, talk.originator(RST, 3000, 0));
            assertEquals(State.CLOSE, talk.state());
        }

        @Test
        void aSynAckOfAnOlderIncarnation() {
            assertEquals(Step.RENEW, talk.originator(SYN, 1000, 0));
            assertEquals(Step.BAD_WINDOW, talk.responder(SYN | ACK, 500_000, 643_160_523));
            assertEquals(Step.BAD_WINDOW, talk.responder(SYN | ACK, 500_000, 1000), "its sequence is not beyond it");
            assertEquals(Step.BAD_WINDOW, talk.responder(SYN | ACK, 500_000, 1002), "nor is what it never sent");
            assertEquals(State.SYN_SENT, talk.state());
            assertEquals(Step.PASS, talk.originator(SYN, 1000, 0));
            assertEquals(Step.RENEW, talk.responder(SYN | ACK, 9000, 1001));
            assertEquals(Step.RENEW, talk.originator(ACK, 1001, 9001));
            assertEquals(State.ESTABLISHED, talk.state());
        }

        @Test
        void aSynOnAnEstablishedTupleAnsweredByAChallenge() {
            talk.established();
            talk.sleepSeconds(100);
            long left = talk.secondsLeft();
            assertEquals(Step.PASS, talk.originator(SYN, 5_000_000, 0));
            assertEquals(State.ESTABLISHED, talk.state());
            assertEquals(left, talk.secondsLeft());
            assertEquals(Step.RENEW, talk.responder(ACK, 9001, 1001));
            // The client's answer: a reset at the acknowledged sequence.
            assertEquals(Step.RENEW, talk.originator(RST, 1001, 0));
            assertEquals(State.CLOSE, talk.state());
            assertEquals(Step.REOPEN, talk.originator(SYN, 5_000_000, 0));
        }

        @Test
        void theClientThatResetsAndRetries() {
            // A half-open server answers the new SYN with the sequences of the old connection; the client resets it and
            // tries again.
            assertEquals(Step.RENEW, talk.originator(SYN, 1000, 0));
            assertEquals(Step.PASS, talk.responder(ACK, 77_000, 123_456));
            assertEquals(State.SYN_SENT, talk.state());
            assertEquals(Step.BAD_WINDOW, talk.originator(RST, 123_455, 0));
            assertEquals(Step.END, talk.originator(RST, 123_456, 0));
            assertEquals(0, talk.secondsLeft());
            assertEquals(Step.RENEW, talk.originator(SYN, 1000, 0), "a new flow");
            assertEquals(Step.RENEW, talk.responder(SYN | ACK, 9000, 1001));
        }
    }

    @Nested
    final class Handshake {
        @Test
        void aRepeatedSynDoesNotKeepAnUnansweredFlowAlive() {
            talk.originator(SYN, 1000, 0);
            talk.sleepSeconds(100);
            assertEquals(Step.PASS, talk.originator(SYN, 1000, 0));
            assertEquals(20, talk.secondsLeft());
        }

        @Test
        void aSynWithAHigherEndStartsItsSideAgain() {
            talk.originator(SYN, 1000, 0);
            assertEquals(Step.PASS, talk.originator(SYN, 2000, 0));
            assertEquals(Step.BAD_WINDOW, talk.responder(SYN | ACK, 9000, 1001));
            assertEquals(Step.RENEW, talk.responder(SYN | ACK, 9000, 2001));
        }

        @Test
        void aSynMayCarryDataAndBeAcknowledgedInPart() {
            for (int ack : new int[] {1001, 1050, 1101}) {
                Conversation one = new Conversation();
                one.send(true, segment(true, SYN, 1000, 0).payload(100));
                assertEquals(Step.RENEW, one.responder(SYN | ACK, 9000, ack), "acknowledging " + ack);
            }
            talk.send(true, segment(true, SYN, 1000, 0).payload(100));
            assertEquals(Step.BAD_WINDOW, talk.responder(SYN | ACK, 9000, 1102));
        }

        @Test
        void aSimultaneousOpen() {
            talk.originator(SYN, 1000, 0);
            assertEquals(Step.RENEW, talk.responder(SYN, 9000, 0));
            assertEquals(State.SYN_SENT_BOTH, talk.state());
            assertEquals(Step.BAD_WINDOW, talk.originator(SYN | ACK, 1000, 9002));
            assertEquals(Step.RENEW, talk.originator(SYN | ACK, 1000, 9001));
            assertEquals(State.SYN_RECEIVED_BOTH, talk.state());
            assertEquals(Step.PASS, talk.responder(SYN | ACK, 9000, 1001));
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 1001, 9001).payload(500)));
            assertEquals(State.ESTABLISHED, talk.state());
            assertEquals(
                    Step.RENEW, talk.send(false, segment(false, ACK, 9001, 1501).payload(500)));
        }

        @Test
        void aResetInASimultaneousOpenCloses() {
            talk.originator(SYN, 1000, 0);
            talk.responder(SYN, 9000, 0);
            assertEquals(Step.RENEW, talk.responder(RST, 9001, 0));
            assertEquals(State.CLOSE, talk.state());
        }

        @Test
        void aResetThatAnswersASynMustAcknowledgeIt() {
            talk.originator(SYN, 1000, 0);
            assertEquals(Step.BAD_WINDOW, talk.responder(RST, 0, 0));
            assertEquals(Step.BAD_WINDOW, talk.responder(RST, 0, 1001), "without ACK");
            assertEquals(Step.BAD_WINDOW, talk.responder(RST | ACK, 0, 1000));
            assertEquals(Step.BAD_WINDOW, talk.responder(RST | ACK, 0, 1002));
            assertEquals(Step.END, talk.responder(RST | ACK, 0, 1001));
        }

        @Test
        void aResetOfTheOriginatorStandsAtItsEnd() {
            talk.originator(SYN, 1000, 0);
            assertEquals(Step.BAD_WINDOW, talk.originator(RST, 1000, 0));
            assertEquals(Step.BAD_WINDOW, talk.originator(RST, 1002, 0));
            assertEquals(Step.END, talk.originator(RST, 1001, 0));
        }

        @Test
        void anInexactResetInSynReceivedCloses() {
            talk.originator(SYN, 1000, 0);
            talk.responder(SYN | ACK, 9000, 1001);
            assertEquals(Step.RENEW, talk.originator(RST, 2000, 0));
            assertEquals(State.CLOSE, talk.state());
        }
    }

    @Nested
    final class Windows {
        @Test
        void oneASequenceBeyondItsSendersWindow() {
            established(8000, 4000);
            assertEquals(
                    Step.BAD_WINDOW,
                    talk.send(true, segment(true, ACK, 5002, 9001).payload(1)));
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 5001, 9001).window(8000)));
            assertEquals(Step.BAD_WINDOW, talk.send(false, segment(false, ACK, 17_002, 1001)));
            assertEquals(Step.RENEW, talk.send(false, segment(false, ACK, 17_001, 1001)));
        }

        @Test
        void threeAnAcknowledgmentOfDataNotYetSeen() {
            talk.established();
            assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 1001, 9002));
            talk.send(false, segment(false, ACK, 9001, 1001).payload(100));
            assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 1001, 9102));
            assertEquals(Step.RENEW, talk.originator(ACK, 1001, 9101));
        }

        @Test
        void aSegmentBeyondTheWindowChangesNothing() {
            established(8000, 8000);
            talk.sleepSeconds(50);
            long left = talk.secondsLeft();
            assertEquals(
                    Step.BAD_WINDOW,
                    talk.send(true, segment(true, FIN | ACK, 100_000, 9001).payload(10)));
            assertEquals(
                    Step.BAD_WINDOW,
                    talk.send(true, segment(true, ACK, 1001, 90_000).window(60_000)));
            assertEquals(left, talk.secondsLeft());
            assertEquals(State.ESTABLISHED, talk.state());
            assertEquals(1001, talk.connection().originator.end);
            assertEquals(8000, talk.connection().originator.maxWindow);
        }

        @Test
        void twoFallsShortByMoreThanThePeersWidestWindow() {
            established(3000, 3000);
            for (int at = 1001; at < 7001; at += 1000) {
                talk.send(true, segment(true, ACK, at, 9001).payload(1000).window(3000));
                talk.send(false, segment(false, ACK, 9001, at + 1000).window(3000));
            }
            assertEquals(7001, talk.connection().originator.end);
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 3001, 9001).payload(1000)));
            assertEquals(
                    Step.PASS, talk.send(true, segment(true, ACK, 3000, 9001).payload(1000)));
        }

        @ParameterizedTest
        @CsvSource({"66000, RENEW", "66001, PASS"})
        void fourAnAcknowledgmentFurtherBelowThan66000(int below, Step expected) {
            established(8000, 8000);
            talk.send(false, segment(false, ACK, 9001, 1001).payload(8000));
            for (int at = 17_001; at < 100_001; at += 8000) {
                talk.send(true, segment(true, ACK, 1001, at).window(8000));
                talk.send(false, segment(false, ACK, at, 1001).payload(8000));
            }
            int end = talk.connection().responder.end;
            assertEquals(expected, talk.originator(ACK, 1001, end - below));
        }

        @Test
        void overshootsComeBeforeShortfalls() {
            established(3000, 3000);
            assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 1001 - 10_000, 9002), "II and III");
            assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 1001 + 3001, 9001 - 100_000), "I and IV");
        }

        @Test
        void aSegmentThatBeginsInsideMayEndOutside() {
            established(8000, 4000);
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 4001, 9001).payload(1400)));
        }

        @Test
        void intoAClosedWindowOneByteIsProbed() {
            established(8000, 100);
            talk.send(true, segment(true, ACK, 1001, 9001).payload(100));
            talk.send(false, segment(false, ACK, 9001, 1101).window(0));
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 1101, 9001).payload(1)));
            assertEquals(Step.RENEW, talk.originator(ACK, 1102, 9001), "behind the probe");
            assertEquals(Step.RENEW, talk.originator(ACK, 1100, 9001), "a probe one below");
            assertEquals(Step.BAD_WINDOW, talk.originator(ACK, 1103, 9001));
        }

        @Test
        void aKeepAliveProbeAndItsAnswer() {
            talk.established();
            talk.sleepSeconds(7200);
            assertEquals(Step.RENEW, talk.originator(ACK, 1000, 9001));
            assertEquals(Step.RENEW, talk.responder(ACK, 9001, 1001));
            assertEquals(432_000, talk.secondsLeft());
            assertEquals(Step.RENEW, talk.responder(ACK, 9000, 1001));
        }

        @ParameterizedTest
        @CsvSource({
            "true, true, 7, 128",
            "true, true, 14, 16384",
            "true, true, 20, 16384",
            "true, false, 7, 1",
            "false, true, 7, 1"
        })
        void scalesCountWhenBothSynsCarryThem(boolean first, boolean second, int shift, int factor) {
            byte[] none = new byte[0];
            byte[] scale = windowScale(shift);
            talk.send(true, segment(true, SYN, 0, 0).window(1000).tcpOptions(first ? scale : none));
            talk.send(false, segment(false, SYN | ACK, 0, 1).window(1000).tcpOptions(second ? scale : none));
            assertEquals(
                    Step.BAD_WINDOW, talk.send(true, segment(true, ACK, 1 + 1001, 1)), "a SYN's window is not scaled");
            talk.send(true, segment(true, ACK, 1, 1).window(1000));
            talk.send(false, segment(false, ACK, 1, 1).window(1000));
            assertEquals(
                    Step.BAD_WINDOW,
                    talk.send(true, segment(true, ACK, 1 + 1000 * factor + 1, 1).window(1000)));
            assertEquals(
                    Step.RENEW,
                    talk.send(true, segment(true, ACK, 1 + 1000 * factor, 1).window(1000)));
        }

        @Test
        void sackOfDataNotYetSeenIsAnOvershoot() {
            talk.send(true, segment(true, SYN, 1000, 0).tcpOptions(sackPermitted()));
            talk.send(false, segment(false, SYN | ACK, 9000, 1001).tcpOptions(sackPermitted()));
            talk.originator(ACK, 1001, 9001);
            talk.send(false, segment(false, ACK, 10_001, 1001).payload(1000));
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 1001, 9001).tcpOptions(sack(10_001, 11_001))));
            assertEquals(
                    Step.BAD_WINDOW,
                    talk.send(true, segment(true, ACK, 1001, 9001).tcpOptions(sack(10_001, 11_002))));
        }

        @Test
        void anIcmpErrorMayQuoteWhatIsOnItsWay() {
            established(8000, 8000);
            for (int at = 1001; at < 90_000; at += 8000) {
                talk.send(true, segment(true, ACK, at, 9001).payload(8000).window(8000));
                talk.send(false, segment(false, ACK, 9001, at + 8000).window(8000));
            }
            int end = talk.connection().originator.end;
            assertTrue(talk.isInFlight(end, true));
            assertFalse(talk.isInFlight(end + 1, true));
            assertTrue(talk.isInFlight(end - 66_000, true));
            assertFalse(talk.isInFlight(end - 66_001, true));
            assertTrue(talk.isInFlight(9001, false));
            assertFalse(talk.isInFlight(9002, false));
        }

        @Test
        void beforeAnAnswerNothingOfTheResponderIsOnItsWay() {
            talk.originator(SYN, 1000, 0);
            assertTrue(talk.isInFlight(1000, true));
            assertFalse(talk.isInFlight(0, false));
        }
    }

    @Nested
    final class Resets {
        @Test
        void atTheEndOfTheSegmentRightBefore() {
            talk.established();
            talk.send(false, segment(false, ACK, 9001, 1001).payload(500));
            talk.send(false, segment(false, ACK, 9501, 1001).payload(500));
            talk.send(false, segment(false, ACK, 9001, 1001).payload(500));
            assertEquals(Step.RENEW, talk.responder(RST | ACK, 9501, 1001));
            assertEquals(State.CLOSE, talk.state());
        }

        @Test
        void notAtTheEndOfTheOtherSidesSegmentNorOfAnEarlierOne() {
            talk.established();
            talk.send(false, segment(false, ACK, 9001, 1001).payload(500));
            talk.send(false, segment(false, ACK, 9501, 1001).payload(500));
            assertEquals(Step.PASS, talk.responder(RST, 9501, 0));
            talk.send(false, segment(false, ACK, 9001, 1001).payload(500));
            talk.originator(ACK, 1001, 9001);
            assertEquals(Step.PASS, talk.responder(RST, 9501, 0));
            assertEquals(State.ESTABLISHED, talk.state());
        }

        @Test
        void atTheReceiversHighestAck() {
            talk.established();
            talk.send(false, segment(false, ACK, 9001, 1001).payload(500));
            talk.send(false, segment(false, ACK, 9501, 1001).payload(500));
            talk.originator(ACK, 1001, 9501);
            assertEquals(Step.BAD_WINDOW, talk.responder(RST, 9500, 0));
            assertEquals(Step.PASS, talk.responder(RST, 9502, 0));
            assertEquals(Step.RENEW, talk.responder(RST, 9501, 0));
            assertEquals(State.CLOSE, talk.state());
        }

        @Test
        void inCloseEveryResetPasses() {
            talk.established();
            talk.originator(RST, 1001, 0);
            talk.sleepSeconds(5);
            assertEquals(Step.RENEW, talk.responder(RST, 123_456_789, 0));
            assertEquals(State.CLOSE, talk.state());
            assertEquals(10, talk.secondsLeft());
        }
    }

    @Nested
    final class SynInside {
        @Test
        void answeredByItsSynAckTheHandshakeStartsOver() {
            talk.established();
            assertEquals(Step.PASS, talk.originator(SYN, 5_000_000, 0));
            assertEquals(Step.RENEW, talk.responder(SYN | ACK, 7_000_000, 5_000_001));
            assertEquals(State.SYN_RECEIVED, talk.state());
            assertEquals(Step.RENEW, talk.originator(ACK, 5_000_001, 7_000_001));
            assertEquals(State.ESTABLISHED, talk.state());
            assertEquals(
                    Step.RENEW,
                    talk.send(false, segment(false, ACK, 7_000_001, 5_000_001).payload(1000)));
        }

        @Test
        void onlyByTheVeryNextPacket() {
            talk.established();
            talk.originator(SYN, 5_000_000, 0);
            talk.responder(ACK, 9001, 1001);
            assertEquals(Step.PASS, talk.responder(SYN | ACK, 7_000_000, 5_000_001));
            assertEquals(State.ESTABLISHED, talk.state());
            talk.originator(SYN, 5_000_000, 0);
            assertEquals(Step.PASS, talk.responder(SYN | ACK, 7_000_000, 4_000_000), "of another SYN");
            assertEquals(Step.PASS, talk.responder(SYN | ACK, 7_000_000, 5_000_001), "too late");
            assertEquals(State.ESTABLISHED, talk.state());
        }

        @Test
        void refusedByItsResetTheFlowCloses() {
            talk.established();
            talk.originator(SYN, 5_000_000, 0);
            assertEquals(Step.RENEW, talk.responder(RST | ACK, 0, 5_000_001));
            assertEquals(State.CLOSE, talk.state());
        }

        @Test
        void aResetThatRefusesNoSynIsJudgedByItsSequence() {
            talk.established();
            assertEquals(Step.BAD_WINDOW, talk.responder(RST | ACK, 0, 1001));
            talk.originator(SYN, 5_000_000, 0);
            assertEquals(Step.BAD_WINDOW, talk.responder(RST | ACK, 0, 5_000_002));
            assertEquals(State.ESTABLISHED, talk.state());
        }

        @Test
        void inLastAckTheChallengeIsNotTheLastAck() {
            talk.established();
            talk.originator(FIN | ACK, 1001, 9001);
            talk.responder(FIN | ACK, 9001, 1002);
            assertEquals(State.LAST_ACK, talk.state());
            talk.originator(SYN, 5_000_000, 0);
            assertEquals(Step.PASS, talk.responder(ACK, 9002, 1002));
            assertEquals(State.LAST_ACK, talk.state());
            assertEquals(Step.RENEW, talk.responder(ACK, 9002, 1002), "a second one is no challenge");
            assertEquals(State.TIME_WAIT, talk.state());
        }
    }

    @Nested
    final class Closing {
        @Test
        void retransmittedDataChangesNoState() {
            talk.established();
            talk.send(true, segment(true, ACK, 1001, 9001).payload(500));
            talk.send(false, segment(false, ACK, 9001, 1501).payload(700));
            talk.originator(FIN | ACK, 1501, 9701);
            assertEquals(State.FIN_WAIT, talk.state());
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 1001, 9701).payload(500)));
            assertEquals(State.FIN_WAIT, talk.state());
            assertEquals(
                    Step.RENEW, talk.send(false, segment(false, ACK, 9001, 1501).payload(700)));
            assertEquals(State.FIN_WAIT, talk.state());
            talk.responder(FIN | ACK, 9701, 1502);
            assertEquals(State.LAST_ACK, talk.state());
            talk.send(true, segment(true, ACK, 1001, 9701).payload(500));
            talk.originator(FIN | ACK, 1501, 9701);
            talk.responder(FIN | ACK, 9701, 1502);
            assertEquals(State.LAST_ACK, talk.state());
            talk.originator(ACK, 1502, 9702);
            assertEquals(State.TIME_WAIT, talk.state());
        }

        @Test
        void aHalfClosedConnectionGoesOn() {
            talk.established();
            talk.originator(FIN | ACK, 1001, 9001);
            talk.responder(ACK, 9001, 1002);
            assertEquals(60, talk.secondsLeft());
            for (int i = 0; i < 20; i++) {
                talk.sleepSeconds(59);
                assertEquals(
                        Step.RENEW,
                        talk.send(
                                false,
                                segment(false, ACK, 9001 + 1000 * i, 1002).payload(1000)));
                assertEquals(Step.RENEW, talk.originator(ACK, 1002, 10_001 + 1000 * i));
                assertEquals(State.CLOSE_WAIT, talk.state());
            }
        }

        @Test
        void eitherSideMayBeFirst() {
            talk.established();
            talk.responder(FIN | ACK, 9001, 1001);
            assertEquals(State.FIN_WAIT, talk.state());
            talk.originator(FIN | ACK, 1001, 9002);
            assertEquals(State.LAST_ACK, talk.state());
            talk.responder(ACK, 9002, 1002);
            assertEquals(State.TIME_WAIT, talk.state());
            assertEquals(120, talk.secondsLeft());
        }
    }

    @Nested
    final class Unacknowledged {
        @Test
        void theThirdRetransmit() {
            talk.established();
            Frame data = segment(true, ACK, 1001, 9001).payload(100);
            talk.send(true, data);
            for (int retransmit = 1; retransmit <= 4; retransmit++) {
                talk.send(true, data);
                assertEquals(retransmit < 3 ? 432_000 : 300, talk.secondsLeft(), "retransmit " + retransmit);
            }
            talk.responder(ACK, 9001, 1101);
            assertEquals(432_000, talk.secondsLeft());
        }

        @Test
        void anythingElseBetweenStartsTheCountAgain() {
            talk.established();
            for (int i = 0; i < 10; i++) {
                talk.send(true, segment(true, ACK, 1001, 9001).payload(100).window(1000 + i));
                talk.send(true, segment(true, ACK, 1001, 9001).payload(100).window(1000 + i));
                assertEquals(432_000, talk.secondsLeft());
            }
        }

        @Test
        void aClosedWindow() {
            talk.established();
            talk.send(false, segment(false, ACK, 9001, 1001).window(0));
            assertEquals(300, talk.secondsLeft());
            talk.send(false, segment(false, ACK, 9001, 1001).window(1));
            assertEquals(432_000, talk.secondsLeft());
        }
    }

    @Nested
    final class PickedUp {
        @Test
        void itIsEstablishedAndShortLivedUntilAnswered() {
            talk.send(true, segment(true, ACK, 5, 6).payload(10));
            assertEquals(State.ESTABLISHED, talk.state());
            assertEquals(300, talk.secondsLeft());
            assertEquals(Step.RENEW, talk.responder(ACK, 6, 15));
            assertEquals(432_000, talk.secondsLeft());
        }

        @Test
        void nothingOfItIsOutOfTheWindow() {
            talk.originator(ACK, 5, 6);
            talk.send(false, segment(false, ACK, 6, 5).payload(100).window(10));
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 900_000, 106).payload(1000)));
            assertEquals(Step.RENEW, talk.responder(ACK, 106, 901_000));
            assertEquals(Step.RENEW, talk.responder(ACK, 106, 2_000_000));
            assertEquals(Step.BAD_WINDOW, talk.originator(RST, 500_000_000, 0), "but a reset is");
            assertEquals(State.ESTABLISHED, talk.state());
        }

        /** With windows of unknown scale: a burst far beyond the offered window, many times over. */
        @Test
        void noWindowGrowsBeyondTheWidestThatThereIs() {
            talk.originator(ACK, 1000, 9001);
            talk.responder(ACK, 9001, 1000);
            for (int i = 1; i <= 20; i++) {
                talk.send(true, segment(true, ACK, 1000 + i * 500_000_000, 9001).payload(1000));
                talk.send(false, segment(false, ACK, 9001, 1000 + i * 700_000_000));
            }
            assertEquals(65_535 << 14, talk.connection().responder.maxWindow);
            assertTrue(talk.connection().originator.maxWindow > 0);
            assertTrue(talk.connection().originator.maxWindow <= 65_535 << 14);
        }

        @Test
        void everySegmentMovesStateAndTimer() {
            talk.originator(ACK, 1000, 9001);
            talk.responder(ACK, 9001, 1000);
            talk.sleepSeconds(100);
            assertEquals(Step.RENEW, talk.originator(ACK, 900_000, 5), "an overly old ACK");
            assertEquals(432_000, talk.secondsLeft());
            talk.sleepSeconds(100);
            assertEquals(
                    Step.RENEW, talk.send(true, segment(true, ACK, 1000, 9001).payload(10)), "long acknowledged");
            assertEquals(432_000, talk.secondsLeft());
            assertEquals(Step.RENEW, talk.responder(FIN | ACK, -1_000_000, 900_000));
            assertEquals(State.FIN_WAIT, talk.state());
            assertEquals(Step.RENEW, talk.originator(FIN | ACK, 1_000_000_000, 77));
            assertEquals(State.LAST_ACK, talk.state());
            assertEquals(Step.RENEW, talk.responder(ACK, 5, 6));
            assertEquals(State.TIME_WAIT, talk.state());
        }

        /** Either side connects again, and either side was seen first. */
        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void aSynOfEitherSideMayHaveOpenedIt(boolean originators) {
            talk.originator(ACK, 1000, 9001);
            talk.responder(ACK, 9001, 1000);
            long before = talk.secondsLeft();
            assertEquals(Step.ASK_RULES, talk.send(originators, segment(originators, SYN, 500_000, 0)));
            assertEquals(before, talk.secondsLeft());
            assertEquals(Step.START_OVER, talk.send(!originators, segment(!originators, SYN | ACK, 700_000, 500_001)));
            assertEquals(State.SYN_RECEIVED, talk.state());
            assertEquals(
                    originators ? Direction.INGRESS : Direction.EGRESS,
                    talk.flow().originalDirection());
            assertEquals(Conversation.RULE_OF_SYN, talk.flow().rule());
            assertFalse(talk.flow().isFailsafe());
            assertTrue(talk.flow().isReplied());
            assertEquals(Step.RENEW, talk.send(originators, segment(originators, ACK, 500_001, 700_001)));
            assertEquals(State.ESTABLISHED, talk.state());
            assertEquals(432_000, talk.secondsLeft());
            assertEquals(
                    Step.BAD_WINDOW,
                    talk.send(originators, segment(originators, ACK, 9_000_000, 700_001)),
                    "its windows are known");
            assertEquals(
                    Step.BAD_STATE, talk.send(!originators, segment(!originators, SYN, 1, 0)), "its opener is known");
        }

        @Test
        void aSynThatAFailsafeRuleAdmitsMarksWhatItOpens() {
            talk.failsafe();
            talk.originator(ACK, 1000, 9001);
            talk.responder(ACK, 9001, 1000);
            talk.responder(SYN, 500_000, 0);
            assertFalse(talk.flow().isFailsafe(), "not yet");
            assertEquals(Step.START_OVER, talk.originator(SYN | ACK, 700_000, 500_001));
            assertTrue(talk.flow().isFailsafe());
        }

        @Test
        void onlyTheOtherSideAnswersASyn() {
            talk.originator(ACK, 1000, 9001);
            talk.responder(ACK, 9001, 1000);
            talk.responder(SYN, 500_000, 0);
            assertEquals(Step.PASS, talk.responder(SYN | ACK, 700_000, 500_001));
            assertEquals(Step.BAD_STATE, talk.originator(SYN | ACK, 700_000, 500_001), "no longer the next packet");
            assertEquals(State.ESTABLISHED, talk.state());
        }

        @Test
        void aRefusalOfTheRespondersSynCloses() {
            talk.originator(ACK, 1000, 9001);
            talk.responder(ACK, 9001, 1000);
            talk.responder(SYN, 500_000, 0);
            assertEquals(Step.RENEW, talk.originator(RST | ACK, 0, 500_001));
            assertEquals(State.CLOSE, talk.state());
        }

        @Test
        void inLastAckAnAnswerToTheRespondersSynIsAChallenge() {
            talk.originator(ACK, 1000, 9001);
            talk.responder(FIN | ACK, 9001, 1000);
            talk.originator(FIN | ACK, 1000, 9002);
            assertEquals(State.LAST_ACK, talk.state());
            assertEquals(Step.ASK_RULES, talk.responder(SYN, 500_000, 0));
            assertEquals(Step.PASS, talk.originator(ACK, 1001, 9002));
            assertEquals(State.LAST_ACK, talk.state());
            assertEquals(Step.RENEW, talk.responder(ACK, 9002, 1001));
            assertEquals(State.TIME_WAIT, talk.state());
        }

        @Test
        void byAProbeOfAKeepAlive() {
            talk.originator(ACK, 1000, 9001);
            assertEquals(Step.RENEW, talk.responder(ACK, 9001, 1001));
            assertEquals(Step.RENEW, talk.originator(ACK, 1001, 9001));
        }
    }
}
