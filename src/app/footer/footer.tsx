import { version } from '../../version';
import './footer.css';

export function Footer() {
  return (
    <footer className="footer">
      <p>Kinora {version}</p>
      <a href="licences.html">Licences</a>
    </footer>
  );
}
