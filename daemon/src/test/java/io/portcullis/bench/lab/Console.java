package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Numbers;

/** The program's output: rows and steps on standard output, errors on standard error. */
public final class Console {
    private static final boolean COLOURS = Boolean.getBoolean("portcullis.bench.colours");

    private Console() {}

    public static void say(String line) {
        System.out.println(line);
    }

    public static void say(String format, Object... values) {
        System.out.println(Numbers.format(format, values));
    }

    public static void complain(String line) {
        System.err.println(coloured("31", line));
    }

    public static String bold(String text) {
        return coloured("1", text);
    }

    public static String yellow(String text) {
        return coloured("33", text);
    }

    private static String coloured(String code, String text) {
        return COLOURS ? "\033[" + code + "m" + text + "\033[0m" : text;
    }
}
