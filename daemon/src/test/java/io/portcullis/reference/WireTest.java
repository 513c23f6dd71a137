package io.portcullis.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.net.Address;
import io.portcullis.vectors.Frames;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The fast writer of frames agrees with the slow builder of the same packet's notation. */
@Tag("property")
final class WireTest {
    private static final int SLOT = 2048;

    @ParameterizedTest
    @EnumSource
    void framesAreThoseOfTheNotation(Guesser.Kind kind) {
        SplittableRandom random = new SplittableRandom(kind.ordinal());
        Guesser guesser = new Guesser(random);
        Trial trial = new Trial(Firewall::engine);
        trial.take(new Step.Reload(new Settings("{" + Settings.ROOMY_RULES + "}")));
        byte[] memory = new byte[SLOT];
        random.nextBytes(memory);
        for (int i = 0; i < 5_000; i++) {
            boolean v6 = random.nextInt(3) == 0;
            Guesser.Target target = new Guesser.Target(
                    random.nextInt(3) == 0 ? random.nextInt(1, 1 << 24) & ~0xfff | 7 : 0,
                    Address.parse(v6 ? "2001:db8:9::7" : "198.51.100.7"),
                    Address.parse(v6 ? "2001:db8:1::1" : "10.0.0.1"),
                    kind,
                    random.nextInt(1 << 16),
                    random.nextInt(4));
            Datagram datagram = guesser.next(target, trial.reference());
            trial.take(new Step.Frame(datagram));
            int length = new Wire(MemorySegment.ofArray(memory)).write(datagram, 64);
            byte[] written = MemorySegment.ofArray(memory).asSlice(64, length).toArray(ValueLayout.JAVA_BYTE);
            assertEquals(
                    HexFormat.of().formatHex(new Frames().build(datagram.notation())),
                    HexFormat.of().formatHex(written),
                    datagram.notation());
        }
    }
}
