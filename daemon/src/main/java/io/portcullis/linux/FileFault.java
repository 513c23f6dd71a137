package io.portcullis.linux;

import com.fasterxml.jackson.core.JacksonException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Texts about failed file operations, for the operator. */
public final class FileFault {
    private FileFault() {}

    /** One line, with the file's name if the exception has it. */
    public static String text(IOException e) {
        return switch (e) {
            // It quotes the file, which may contain any character.
            case JacksonException unreadable -> unreadable.getOriginalMessage().replaceAll("\\p{Cntrl}", "?");
            case ErrnoException refused -> String.valueOf(refused.getMessage());
            case NoSuchFileException none -> none.getFile() + ": no such file";
            case AccessDeniedException denied -> denied.getFile() + ": permission denied";
            case FileAlreadyExistsException there -> there.getFile() + ": exists already";
            case FileSystemException refused
            when refused.getReason() != null -> refused.getFile() + ": " + refused.getReason();
            default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
    }
}
