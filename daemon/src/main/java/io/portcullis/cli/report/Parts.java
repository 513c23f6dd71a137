package io.portcullis.cli.report;

import java.util.ArrayList;
import java.util.List;

/** The parts that were gathered, and those that could not be, with the cause. */
final class Parts {
    /** The longest part, in characters: its end counts. */
    static final int LONGEST = 8 << 20;

    /**
     * A part that is not in the archive.
     *
     * @param why a sentence
     */
    record Missing(String name, String about, String why) {}

    /** Gathers one text. */
    @FunctionalInterface
    interface Source {
        /** The text; an exception if there is none, whose message says why. */
        String text() throws Exception;
    }

    private final List<Part> found = new ArrayList<>();
    private final List<Missing> missing = new ArrayList<>();

    void add(String name, String about, Part.Form form, Source source) {
        try {
            found.add(new Part(name, about, form, end(source.text())));
        } catch (Exception e) {
            // Whatever fails: a report without this part is better than none, and says so.
            missing(name, about, e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        }
    }

    void missing(String name, String about, String why) {
        missing.add(new Missing(name, about, why));
    }

    List<Part> found() {
        return found;
    }

    List<Missing> missing() {
        return missing;
    }

    private static String end(String text) {
        if (text.length() <= LONGEST) {
            return text;
        }
        int from = text.indexOf('\n', text.length() - LONGEST) + 1;
        return "[" + from + " characters before this are left out]\n" + text.substring(from);
    }
}
