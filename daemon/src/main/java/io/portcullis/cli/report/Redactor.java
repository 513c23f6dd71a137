package io.portcullis.cli.report;

import io.portcullis.net.Address;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Replaces addresses, MAC addresses, host names, user names and secrets in any text. The same value always gets the same pseudonym.
 * It looks at the form of a word, not at its meaning: a version of four numbers is replaced as an address.
 */
final class Redactor {
    private static final String QUAD = "[0-9]{1,3}(?:\\.[0-9]{1,3}){3}";
    private static final String LENGTH = "(?:/[0-9]{1,3}(?![0-9]))?";
    private static final Pattern V4 = Pattern.compile("(?<![0-9])(" + QUAD + ")(?![0-9])(" + LENGTH + ")");

    /** Digits and colons, among which {@link #v6} looks for an address. */
    private static final Pattern V6 = Pattern.compile("(?:[0-9A-Fa-f]{0,4}:){2,}(?:" + QUAD + "|[0-9A-Fa-f]{0,4})");

    private static final Pattern PREFIX_LENGTH = Pattern.compile("/[0-9]{1,3}(?![0-9])");

    /** Names that EC2 gives to its hosts, with their addresses. */
    private static final Pattern EC2_NAME =
            Pattern.compile("\\bip-([0-9]{1,3})-([0-9]{1,3})-([0-9]{1,3})-([0-9]{1,3})\\b");

    /** 6 bytes, 20 of InfiniBand, or three groups of four digits. */
    private static final Pattern MAC = Pattern.compile(
            "(?<![0-9A-Fa-f:.-])(?:(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\\1){4}"
                    + "(?:(?:[0-9A-Fa-f]{2}\\1){14})?[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4})(?![0-9A-Fa-f:-])");

    private static final String NOBODYS_MAC = "[0:.-]+|[fF:.-]+";

    /** Names with a top level domain, and addresses of mail. */
    private static final Pattern DOMAIN = Pattern.compile(
            "(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_.+-]+@)?(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})\\.)+([A-Za-z]{2,24})(?![A-Za-z0-9_-])(?!\\.[A-Za-z0-9])");

    private static final Set<String> TOP = Set.of(
            "com",
            "net",
            "org",
            "edu",
            "gov",
            "mil",
            "int",
            "info",
            "biz",
            "dev",
            "app",
            "cloud",
            "internal",
            "local",
            "localdomain",
            "lan",
            "home",
            "corp",
            "intranet",
            "private",
            "test",
            "example",
            "invalid");

    /** Ends of file names that are countries, too. */
    private static final Set<String> FILES = Set.of(
            "sh", "py", "md", "so", "rs", "pl", "cc", "js", "ts", "gz", "xz", "ko", "id", "io", "is", "in", "ps", "tc");

    private static final Pattern KEY_BLOCK =
            Pattern.compile("-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\\z)", Pattern.DOTALL);

    /** Access key ids (IAM User Guide, "Unique identifiers"). */
    private static final Pattern ACCESS_KEY = Pattern.compile("(?<![A-Za-z0-9])A[A-Z]{3}[A-Z2-7]{16}(?![A-Za-z0-9])");

    /** 40 characters of base 64: a secret access key. */
    private static final Pattern SECRET =
            Pattern.compile("(?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]*[0-9])(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[A-Z])"
                    + "[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])");

    private static final Pattern NAMED_SECRET = Pattern.compile(
            "(?i)((?:secret|token|password|passwd|passphrase|private[-_]?key|authorization)[A-Za-z_-]{0,20}[\"']?\\s{0,3}[:=]\\s{0,3})([\"']?)[^\\s\"',}]+");

    private static final Pattern ACCOUNT = Pattern.compile(
            "(?i)((?:account|owner)[A-Za-z_-]{0,10}[\"']?\\s{0,3}[:=]?\\s{0,3}[\"']?|arn:[a-z-]+:[^:\\s]*:[^:\\s]*:)([0-9]{12})(?![0-9])");

    private static final Pattern USER =
            Pattern.compile("(\"user\"\\s*:\\s*\"|\\buser |\\bby (?=[^ ]+ \\(uid))([^\"\\s,;:()]+)");

    private static final Set<String> USUAL_USERS = Set.of("root", "portcullis", "nobody");

    private final Pseudonyms pseudonyms;
    private final AddressPseudonyms addresses;
    private final Pattern ownNames;
    private final Map<String, String> names = new LinkedHashMap<>();
    private final Map<String, String> accounts = new LinkedHashMap<>();
    private final Map<String, String> users = new LinkedHashMap<>();

    /**
     * For one report.
     *
     * @param ownNames names of this host
     */
    Redactor(Pseudonyms pseudonyms, Set<String> ownNames) {
        this.pseudonyms = pseudonyms;
        addresses = new AddressPseudonyms(pseudonyms);
        StringBuilder any = new StringBuilder();
        // The longest first: the short name is the beginning of the long one.
        ownNames.stream()
                .filter(name -> !name.isEmpty() && !name.equalsIgnoreCase("localhost"))
                .sorted((a, b) -> b.length() - a.length())
                .forEach(name -> any.append(any.isEmpty() ? "" : "|").append(Pattern.quote(name)));
        this.ownNames = Pattern.compile(
                any.isEmpty() ? "(?!)" : "(?<![A-Za-z0-9])(?:" + any + ")(?![A-Za-z0-9])", Pattern.CASE_INSENSITIVE);
    }

    /** The text with pseudonyms. */
    String of(String text) {
        String done = KEY_BLOCK.matcher(text).replaceAll("[key removed]");
        done = NAMED_SECRET.matcher(done).replaceAll("$1$2[removed]");
        done = ACCESS_KEY.matcher(done).replaceAll("[access key removed]");
        done = SECRET.matcher(done).replaceAll("[secret removed]");
        done = replace(ACCOUNT, done, match -> match.group(1) + account(match.group(2)));
        done = replace(USER, done, match -> match.group(1) + user(match.group(2)));
        done = replace(ownNames, done, match -> ownName(match.group()));
        done = replace(EC2_NAME, done, this::ec2Name);
        done = replace(MAC, done, match -> mac(match.group()));
        done = v6(done);
        done = replace(
                V4,
                done,
                match -> v4(match.group(1))
                        .map(address -> block(address, match.group(2)))
                        .orElse(match.group()));
        return replace(DOMAIN, done, match -> domain(match.group(), match.group(1)));
    }

    private static String replace(Pattern pattern, String text, Function<MatchResult, String> by) {
        return pattern.matcher(text).replaceAll(match -> Matcher.quoteReplacement(by.apply(match)));
    }

    private String block(Address address, String length) {
        int bits = length.isEmpty() ? -1 : Integer.parseInt(length.substring(1));
        return (bits < 0 || bits > address.bits() ? addresses.of(address) : addresses.of(address, bits)) + length;
    }

    private static Optional<Address> v4(String quad) {
        long bits = 0;
        for (String part : quad.split("\\.")) {
            int number = Integer.parseInt(part);
            if (number > 255) {
                return Optional.empty();
            }
            bits = bits << 8 | number;
        }
        return Optional.of(new Address(false, 0, bits));
    }

    /** Replaces IPv6 addresses: in each run of digits and colons the first and longest text that is one. */
    private String v6(String text) {
        StringBuilder done = new StringBuilder(text.length());
        Matcher run = V6.matcher(text);
        int at = 0;
        while (run.find()) {
            if (!canBeV6(run.group())) {
                continue;
            }
            Found found = firstV6(text, run.start(), run.end());
            if (found != null) {
                Matcher length = PREFIX_LENGTH.matcher(text).region(found.end, text.length());
                String bits = length.lookingAt() ? length.group() : "";
                done.append(text, at, found.begin).append(block(found.address, bits));
                at = found.end + bits.length();
                run.region(at, text.length());
            }
        }
        return done.append(text, at, text.length()).toString();
    }

    private record Found(int begin, int end, Address address) {}

    /** Most runs are times. */
    private static boolean canBeV6(String run) {
        return run.contains("::") || run.chars().filter(c -> c == ':').count() >= 6;
    }

    private static @Nullable Found firstV6(String text, int from, int to) {
        for (int begin = from; begin < to; begin++) {
            for (int end = to; end > begin + 1; end--) {
                String candidate = text.substring(begin, end);
                // In web::name there is eb::, which nobody has meant.
                boolean isWord = begin > 0
                        && Character.isLetter(text.charAt(begin - 1))
                        && candidate.chars().noneMatch(Character::isDigit);
                Address address = isWord || !canBeV6(candidate) ? null : v6Address(candidate);
                if (address != null) {
                    return new Found(begin, end, address);
                }
            }
        }
        return null;
    }

    private static @Nullable Address v6Address(String text) {
        try {
            return Address.parse(text);
        } catch (IllegalArgumentException notAnAddress) {
            return null;
        }
    }

    private String ec2Name(MatchResult match) {
        String quad = match.group(1) + "." + match.group(2) + "." + match.group(3) + "." + match.group(4);
        return v4(quad).map(address -> "ip-" + addresses.of(address).toString().replace('.', '-'))
                .orElse(match.group());
    }

    /** The first three bytes name the maker of a NIC, and stay. */
    private String mac(String mac) {
        String digits = mac.replaceAll("[:.-]", "");
        if (mac.matches(NOBODYS_MAC)) {
            return mac;
        }
        byte[] bytes = HexFormat.of().parseHex(digits.toLowerCase(Locale.ROOT));
        String other =
                digits.substring(0, 6) + HexFormat.of().formatHex(pseudonyms.of("mac", bytes), 0, bytes.length - 3);
        StringBuilder done = new StringBuilder(mac.length());
        int digit = 0;
        for (int i = 0; i < mac.length(); i++) {
            done.append(Character.digit(mac.charAt(i), 16) < 0 ? mac.charAt(i) : other.charAt(digit++));
        }
        return done.toString();
    }

    private String ownName(String name) {
        return name.indexOf('.') < 0 ? "this-host" : "this-host.example";
    }

    private String domain(String name, String top) {
        String lower = top.toLowerCase(Locale.ROOT);
        boolean known = TOP.contains(lower) || lower.length() == 2 && !FILES.contains(lower);
        return !known || name.equals("this-host.example")
                ? name
                : names.computeIfAbsent(name.toLowerCase(Locale.ROOT), key -> "name-" + tag("name", key) + ".example");
    }

    private String account(String account) {
        return accounts.computeIfAbsent(
                account,
                key -> String.format("%012d", pseudonyms.number("account", key.getBytes(StandardCharsets.UTF_8))));
    }

    private String user(String user) {
        return USUAL_USERS.contains(user) ? user : users.computeIfAbsent(user, key -> "user-" + tag("user", key));
    }

    private String tag(String kind, String value) {
        return HexFormat.of().formatHex(pseudonyms.of(kind, value.getBytes(StandardCharsets.UTF_8)), 0, 3);
    }
}
