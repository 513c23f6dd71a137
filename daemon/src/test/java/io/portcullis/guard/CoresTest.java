package io.portcullis.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class CoresTest {
    private static List<Integer> given(int workers, Integer... cores) {
        Cores all = new Cores(List.of(cores));
        return IntStream.range(0, workers).mapToObj(_ -> all.next()).toList();
    }

    @Test
    void eachWorkerHasACoreAndTheFirstCoreComesLast() {
        assertEquals(List.of(3, 8, 9, 1), given(4, 1, 3, 8, 9));
    }

    @Test
    void moreWorkersThanCoresGoRound() {
        assertEquals(List.of(1, 0, 1, 0), given(4, 0, 1));
    }

    @Test
    void onASingleCoreNobodyIsPinned() {
        assertEquals(List.of(-1, -1), given(2, 5));
    }

    @Test
    void withoutAnAnswerFromTheKernelThereIsOneCore() {
        assertEquals(1, new Cores(List.of()).count());
        assertEquals(List.of(-1), given(1));
    }
}
