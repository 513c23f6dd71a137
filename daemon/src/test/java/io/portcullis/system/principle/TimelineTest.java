package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.system.principle.Timeline.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TimelineTest {
    private static List<Sample> samples(String answers) {
        return java.util.stream.IntStream.range(0, answers.length())
                .mapToObj(i -> new Sample(i * 1_000L, answers.charAt(i) == '+'))
                .toList();
    }

    private static long longestLie(String health, String traffic) {
        return new Timeline(samples(health), samples(traffic)).longestLie();
    }

    @Test
    void okWhileNothingPassesIsALie() {
        assertEquals(0, longestLie("++++", "++++"));
        assertEquals(0, longestLie("+--+", "+--+"));
        assertEquals(0, longestLie("----", "----"), "a daemon that is not there says nothing");
        assertEquals(0, longestLie("----", "++++"));
        assertEquals(2_000, longestLie("++++++", "++--++"));
        assertEquals(3_000, longestLie("-+++-++-", "---------"));
        assertEquals(0, longestLie("", "---"));
    }
}
