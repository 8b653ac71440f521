import java.util.List;

public final class Hello {
    public static void main(String[] arguments) {
        for (String word : List.of("hello", "from", "a", "container")) {
            System.out.println(word);
        }
    }
}
