package io.portcullis.conntrack;

import static io.portcullis.conntrack.Conversation.ACK;
import static io.portcullis.conntrack.Conversation.FIN;
import static io.portcullis.conntrack.Conversation.RST;
import static io.portcullis.conntrack.Conversation.SYN;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.conntrack.TcpConnection.State;
import io.portcullis.conntrack.TcpTracker.Step;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every state, either side, every kind of segment: security-groups.md section 3 and nf_conntrack_proto_tcp.c as one table. */
final class TcpStatesTest {
    /**
     * What a segment with fitting numbers leads to. A column is the state before it: SYN_SENT, SYN_SENT_BOTH,
     * SYN_RECEIVED, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_RECEIVED_BOTH, the originator being
     * the one that closes first. A cell is the state after it, with the timer renewed, or
     *
     * <pre>
     * =    passes, and neither state nor timer changes
     * x    tcp-state
     * end  passes, and the flow is gone
     * new  the rules decide about a new flow
     * </pre>
     */
    private static final String TABLE = """
            from o SYN      =   s2  =   =   =   =   =   new new =
            from o SYN+ACK  x   sb  sr  x   x   x   x   x   x   sb
            from o ACK      x   x   es  es  cw  cw  tw  tw  cl  es
            from o FIN+ACK  x   x   fw  fw  fw  cw  la  tw  cl  fw
            from o RST+ACK  end cl  cl  cl  cl  cl  cl  cl  cl  cl
            from r SYN      s2  s2  x   x   x   x   x   new new x
            from r SYN+ACK  sr  sb  =   =   =   =   =   =   =   =
            from r ACK      =   =   sr  es  cw  cw  tw  tw  cl  es
            from r FIN+ACK  x   x   fw  fw  la  la  la  tw  cl  fw
            from r RST+ACK  end cl  cl  cl  cl  cl  cl  cl  cl  cl
            """;

    private static final List<State> COLUMNS = List.of(State.values());

    private static State after(String cell) {
        return switch (cell) {
            case "s2" -> State.SYN_SENT_BOTH;
            case "sr" -> State.SYN_RECEIVED;
            case "sb" -> State.SYN_RECEIVED_BOTH;
            case "es" -> State.ESTABLISHED;
            case "fw" -> State.FIN_WAIT;
            case "cw" -> State.CLOSE_WAIT;
            case "la" -> State.LAST_ACK;
            case "tw" -> State.TIME_WAIT;
            case "cl" -> State.CLOSE;
            default -> throw new IllegalArgumentException("cell " + cell);
        };
    }

    private static int flags(String kind) {
        return switch (kind) {
            case "SYN" -> SYN;
            case "SYN+ACK" -> SYN | ACK;
            case "ACK" -> ACK;
            case "FIN+ACK" -> FIN | ACK;
            case "RST+ACK" -> RST | ACK;
            default -> throw new IllegalArgumentException("segment " + kind);
        };
    }

    @TestFactory
    Stream<DynamicTest> everyCell() {
        return TABLE.lines().flatMap(line -> {
            String[] words = line.split("\\s+");
            boolean fromOriginator = words[1].equals("o");
            return COLUMNS.stream()
                    .map(before -> DynamicTest.dynamicTest(
                            before + ", " + words[2] + " from " + words[1],
                            () -> check(before, fromOriginator, words[2], words[3 + before.ordinal()])));
        });
    }

    private static void check(State before, boolean fromOriginator, String kind, String expected) {
        Conversation conversation = bring(before);
        assertEquals(before, conversation.state());
        conversation.sleepSeconds(5);
        long left = conversation.secondsLeft();
        Step step = segment(conversation, before, fromOriginator, flags(kind));
        switch (expected) {
            case "=" -> {
                assertEquals(Step.PASS, step);
                assertEquals(before, conversation.state());
                assertEquals(left, conversation.secondsLeft());
            }
            case "x" -> {
                assertEquals(Step.BAD_STATE, step);
                assertEquals(before, conversation.state());
                assertEquals(left, conversation.secondsLeft());
            }
            case "end" -> {
                assertEquals(Step.END, step);
                assertEquals(0, conversation.secondsLeft());
            }
            case "new" -> {
                assertEquals(Step.REOPEN, step);
                assertEquals(before, conversation.state());
            }
            default -> {
                State after = after(expected);
                assertEquals(Step.RENEW, step);
                assertEquals(after, conversation.state());
                assertEquals(conversation.secondsLeft(), secondsOf(after));
            }
        }
    }

    private static long secondsOf(State state) {
        return switch (state) {
            case SYN_SENT, SYN_SENT_BOTH, FIN_WAIT, TIME_WAIT -> 120;
            case SYN_RECEIVED, SYN_RECEIVED_BOTH, CLOSE_WAIT -> 60;
            case ESTABLISHED -> 432_000;
            case LAST_ACK -> 30;
            case CLOSE -> 10;
        };
    }

    private static Conversation bring(State to) {
        Conversation conversation = new Conversation();
        conversation.originator(SYN, 1000, 0);
        if (to == State.SYN_SENT_BOTH || to == State.SYN_RECEIVED_BOTH) {
            conversation.responder(SYN, 9000, 0);
        }
        if (to == State.SYN_RECEIVED_BOTH) {
            conversation.responder(SYN | ACK, 9000, 1001);
            return conversation;
        }
        if (to.ordinal() >= State.SYN_RECEIVED.ordinal()) {
            conversation.responder(SYN | ACK, 9000, 1001);
        }
        if (to.ordinal() >= State.ESTABLISHED.ordinal()) {
            conversation.originator(ACK, 1001, 9001);
        }
        if (to == State.CLOSE) {
            conversation.originator(RST, 1001, 0);
            return conversation;
        }
        if (to.ordinal() >= State.FIN_WAIT.ordinal()) {
            conversation.originator(FIN | ACK, 1001, 9001);
        }
        if (to.ordinal() >= State.CLOSE_WAIT.ordinal()) {
            conversation.responder(ACK, 9001, 1002);
        }
        if (to.ordinal() >= State.LAST_ACK.ordinal()) {
            conversation.responder(FIN | ACK, 9001, 1002);
        }
        if (to.ordinal() >= State.TIME_WAIT.ordinal()) {
            conversation.originator(ACK, 1002, 9002);
        }
        return conversation;
    }

    /** The segment with the numbers of a correct endpoint: SYN and FIN as the first time, all others in sequence. */
    private static Step segment(Conversation conversation, State state, boolean fromOriginator, int flags) {
        boolean closing = state.ordinal() >= State.FIN_WAIT.ordinal() && state.ordinal() < State.CLOSE.ordinal();
        boolean bothClosing = state == State.LAST_ACK || state == State.TIME_WAIT;
        int originatorNext = closing ? 1002 : 1001;
        int responderNext = bothClosing ? 9002 : 9001;
        if (fromOriginator) {
            int sequence = (flags & SYN) != 0 ? 1000 : (flags & FIN) != 0 ? 1001 : originatorNext;
            return conversation.originator(flags, sequence, responderNext);
        }
        int sequence = (flags & SYN) != 0 ? 9000 : (flags & FIN) != 0 ? 9001 : responderNext;
        return conversation.responder(flags, sequence, originatorNext);
    }
}
