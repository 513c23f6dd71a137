package io.portcullis.system;

/** Scripts for perl(1): an echo server and a client that talks with it. */
public final class EchoScripts {
    private EchoScripts() {}

    /**
     * A server on port 7000 that sends back what it receives. A child closes the listening socket, since it may outlive its
     * parent.
     */
    public static final String SERVER = """
            use Socket; socket(L, PF_INET, SOCK_STREAM, 6); setsockopt(L, SOL_SOCKET, SO_REUSEADDR, 1);
            bind(L, sockaddr_in(7000, INADDR_ANY)) or die; listen(L, 9); $| = 1; print "ready\\n"; $SIG{CHLD} = 'IGNORE';
            while (accept(C, L)) { if (!fork) { close L; while (sysread(C, my $b, 4096)) { syswrite(C, $b); } exit; } close C; }
            """;

    /** Sends a number and waits for its echo, five times a second. */
    public static final String CLIENT = """
            use Socket; socket(C, PF_INET, SOCK_STREAM, 6); connect(C, sockaddr_in(7000, inet_aton($ARGV[0]))) or die "$!\\n";
            $| = 1; for (my $i = 0; ; $i++) {
                syswrite(C, "$i\\n"); sysread(C, my $b, 4096) or die "ended\\n"; print $b; select(undef, undef, undef, 0.2);
            }
            """;
}
