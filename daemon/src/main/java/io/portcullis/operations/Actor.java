package io.portcullis.operations;

/**
 * The person, or the program, that asks for a change. A login uid stays the same under {@code sudo} and {@code su}, so it tells who
 * is behind uid 0 (audit, {@code /proc/PID/loginuid}).
 *
 * @param uid of the process that asks (unix(7), SO_PEERCRED); -1: not known
 * @param loginUid of its login session; -1: none, or not known
 * @param user name of the login uid, else of the uid; empty: not known
 * @param pid of the process that asks; 0: not known
 */
public record Actor(int uid, int loginUid, String user, long pid) {
    /** Nobody who could be named. */
    public static final Actor UNKNOWN = new Actor(-1, -1, "", 0);

    /** {@code alice, uid 0, pid 77}. */
    public String text() {
        if (uid < 0) {
            return "somebody";
        }
        String number = "uid " + uid;
        return (user.isEmpty() ? number : user + ", " + number) + ", pid " + pid;
    }
}
