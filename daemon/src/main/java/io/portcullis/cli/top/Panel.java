package io.portcullis.cli.top;

import java.util.List;

/** A table of the screen, and the orders that its rows can have, the usual one first. */
enum Panel {
    RATES("Rates", "name bits dropped"),
    TALKERS("Talkers", "bits packets total name"),
    DROPS("Drops", "latest count"),
    FLOWS("Flows", "bits packets total name");

    private final String title;

    /** Words with a blank between them. */
    private final String orders;

    Panel(String title, String orders) {
        this.title = title;
        this.orders = orders;
    }

    String title() {
        return title;
    }

    String order(int number) {
        List<String> words = List.of(orders.split(" "));
        return words.get(number % words.size());
    }

    /** The one so many places further, around the end. */
    Panel next(int places) {
        return values()[Math.floorMod(ordinal() + places, values().length)];
    }
}
