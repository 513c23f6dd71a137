package io.portcullis.ec2.transfer;

import io.portcullis.config.Location;
import io.portcullis.net.Visible;

/**
 * Something of EC2's that the result does not say, or says in another way.
 *
 * @param location in a file that was imported; with an empty file name: of none
 * @param text one line
 */
public record Note(Location location, String text) {
    public Note {
        text = Visible.text(text);
    }

    /** {@code file:line:column: text}, or the text alone. */
    @Override
    public String toString() {
        return location.file().isEmpty() ? text : location + ": " + text;
    }
}
