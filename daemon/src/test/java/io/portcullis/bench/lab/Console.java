package io.portcullis.bench.lab;

/** What the program prints: rows and steps on standard output, complaints on standard error. */
final class Console {
    private static final boolean COLOURS = Boolean.getBoolean("portcullis.bench.colours");

    private Console() {}

    static void say(String line) {
        System.out.println(line);
    }

    static void say(String format, Object... values) {
        System.out.println(Numbers.format(format, values));
    }

    static void complain(String line) {
        System.err.println(coloured("31", line));
    }

    static String bold(String text) {
        return coloured("1", text);
    }

    static String yellow(String text) {
        return coloured("33", text);
    }

    private static String coloured(String code, String text) {
        return COLOURS ? "\033[" + code + "m" + text + "\033[0m" : text;
    }
}
