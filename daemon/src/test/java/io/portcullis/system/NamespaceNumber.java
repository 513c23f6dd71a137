package io.portcullis.system;

import io.portcullis.linux.NetworkNamespace;
import java.io.IOException;

/** Prints the number by which portcullis knows the network namespace that it runs in. */
final class NamespaceNumber {
    private NamespaceNumber() {}

    public static void main(String[] arguments) throws IOException {
        System.out.println(NetworkNamespace.number());
    }
}
