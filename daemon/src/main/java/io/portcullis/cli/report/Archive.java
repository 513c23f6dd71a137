package io.portcullis.cli.report;

import io.portcullis.net.Visible;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The parts as they are written: every text has gone through the redaction.
 *
 * @param files README first
 * @param missing one sentence each
 * @param at when it was made
 */
record Archive(List<Part> files, List<String> missing, Instant at) {
    private static final String FOLDER = "portcullis-report/";

    /** Redacts all parts. */
    static Archive of(Parts parts, Redactor redactor, boolean withoutText, Instant at) {
        WithoutText texts = new WithoutText();
        if (withoutText) {
            parts.found().forEach(part -> {
                switch (part.form()) {
                    case YAML -> texts.learnYaml(part.text());
                    case JSON -> texts.learnJson(part.text());
                    case TEXT -> {}
                }
            });
        }
        List<Part> files = new ArrayList<>();
        for (Part part : parts.found()) {
            String text = part.text();
            if (withoutText) {
                text = switch (part.form()) {
                    case YAML -> texts.yaml(text);
                    case JSON -> texts.json(text);
                    case TEXT -> texts.plain(text);
                };
            }
            files.add(new Part(redactor.of(part.name()), redactor.of(part.about()), part.form(), redactor.of(text)));
        }
        List<String> missing = parts.missing().stream()
                .map(each -> each.name() + " (" + each.about() + "): " + each.why())
                .map(withoutText ? texts::plain : text -> text)
                .map(redactor::of)
                .map(Visible::text)
                .toList();
        files.addFirst(new Part("README.txt", "this list", Part.Form.TEXT, readme(files, missing, withoutText)));
        return new Archive(List.copyOf(files), missing, at);
    }

    private static String readme(List<Part> files, List<String> missing, boolean withoutText) {
        StringBuilder text = new StringBuilder("""
                A report about portcullis, made by "portcullis report".

                What is in it:
                """);
        files.forEach(part -> text.append("  ")
                .append(part.name())
                .append(": ")
                .append(part.about())
                .append('\n'));
        text.append(missing.isEmpty() ? "\nNothing is missing.\n" : "\nWhat is missing, and why:\n");
        missing.forEach(line -> text.append("  ").append(line).append('\n'));
        text.append("""

                What was changed, everywhere in the same way:
                  Addresses: by a random key that was never written. Two addresses with a common prefix still have one, of
                  the same length, so it can be checked which rule admits which packet. Private, link-local and multicast
                  addresses stay private, link-local and multicast; loopback and "any" are as they were.
                  MAC addresses: the first half, which names the maker, is as it was.
                  This host's name is "this-host". Other names with a domain are "name-….example", users "user-…",
                  account numbers other numbers.
                  Access keys, secrets, passwords and private keys were removed. The file of EC2 credentials was not read.
                  Code of filters was removed, as it has addresses as numbers.
                  Four numbers with dots were replaced as an address, also where they are a version.

                What was not changed: names of interfaces, groups and files, ports, counters, times.
                """);
        text.append(
                withoutText
                        ? "Descriptions, notes, and comments of the configuration were removed.\n"
                        : "Descriptions, notes and comments are in it: read them, or use --no-text.\n");
        return text.toString();
    }

    /** Writes it; closes {@code out}. */
    void write(OutputStream out) throws IOException {
        try (TarFile tar = new TarFile(out, at.getEpochSecond())) {
            for (Part file : files) {
                tar.add(FOLDER + file.name(), file.text().getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    /** A line for each file, then what is missing. */
    List<String> listing() {
        List<String> lines = new ArrayList<>();
        files.forEach(file -> lines.add(String.format(
                "%,10d  %s%s  %s",
                file.text().getBytes(StandardCharsets.UTF_8).length, FOLDER, file.name(), Visible.text(file.about()))));
        missing.forEach(line -> lines.add("   missing  " + line));
        return lines;
    }

    /** How much it is. */
    String summary() {
        return files.size()
                + " files; addresses, names and secrets are replaced (README.txt in it says how), read it before"
                + " you send it";
    }
}
