package io.portcullis.system;

/** Scripts for perl(1): an echo server and a client that talks with it. */
public final class EchoScripts {
    private EchoScripts() {}

    /** A server on port 7000 that sends back what it receives. One process: its connections end when it is killed. */
    public static final String SERVER = """
            use Socket; socket(L, PF_INET, SOCK_STREAM, 6); setsockopt(L, SOL_SOCKET, SO_REUSEADDR, 1);
            bind(L, sockaddr_in(7000, INADDR_ANY)) or die; listen(L, 9); $| = 1; print "ready\\n"; $SIG{PIPE} = 'IGNORE';
            my %open; my $all = ''; vec($all, fileno(L), 1) = 1;
            while (select(my $ready = $all, undef, undef, undef)) {
                if (vec($ready, fileno(L), 1)) { accept(my $c, L); $open{fileno $c} = $c; vec($all, fileno($c), 1) = 1; }
                for (grep { vec($ready, $_, 1) } keys %open) {
                    if (sysread($open{$_}, my $b, 4096)) { syswrite($open{$_}, $b); } else { vec($all, $_, 1) = 0; delete $open{$_}; }
                }
            }
            """;

    /** Sends a number and waits for its echo, five times a second. */
    public static final String CLIENT = """
            use Socket; socket(C, PF_INET, SOCK_STREAM, 6); connect(C, sockaddr_in(7000, inet_aton($ARGV[0]))) or die "$!\\n";
            $| = 1; for (my $i = 0; ; $i++) {
                syswrite(C, "$i\\n"); sysread(C, my $b, 4096) or die "ended\\n"; print $b; select(undef, undef, undef, 0.2);
            }
            """;
}
